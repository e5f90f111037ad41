//! The sessions beside one that bear on what it may bill: of the same day, and earlier evaluations.
//!
//! One statement for both. How far it looks back is decided row by row, so that a session that is no evaluation
//! costs the look at one day of one patient.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::{auto_type, case_when};
use diesel::prelude::*;
use diesel::sql_types::Date;
use diesel_async::RunQueryDsl;
use kernel::id::SessionId;
use schema::tables::clinical::sessions;
use schema::{Result, Tx, fixed};
use uuid::Uuid;

use crate::session::SessionStatus;

/// The procedures of a diagnostic evaluation, without and with medical services.
pub const EVALUATIONS: [&str; 2] = ["90791", "90792"];

/// Before any session.
const EVER: NaiveDate = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();

diesel::alias!(sessions as beside: Beside);

/// Another session of the same patient, therapist and day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SameDay {
    pub id: SessionId,
    pub cpt_code: String,
}

/// What other completed, billable sessions of the same patient tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// In the order of their ids.
    pub same_day: Vec<SameDay>,
    /// When an evaluation was last held before this one, by whomever; told of evaluations only.
    pub last_evaluation_on: Option<NaiveDate>,
}

/// The neighbours of sessions of a practice; whoever asks says of which.
#[auto_type(no_type_alias)]
pub(crate) fn query(practice: Uuid) -> _ {
    let evaluations: [&'static str; 2] = EVALUATIONS;
    let again: [&'static str; 2] = EVALUATIONS;
    let ever: NaiveDate = EVER;
    let completed: SessionStatus = SessionStatus::Completed;
    let since = case_when::<_, _, Date>(sessions::cpt_code.eq_any(evaluations), ever).otherwise(sessions::session_date);
    let is_of_day = beside
        .field(sessions::session_date)
        .eq(sessions::session_date)
        .and(beside.field(sessions::therapist_id).eq(sessions::therapist_id));
    let is_evaluation = beside
        .field(sessions::session_date)
        .lt(sessions::session_date)
        .and(beside.field(sessions::cpt_code).eq_any(again));
    sessions::table
        .inner_join(
            beside.on(beside
                .field(sessions::practice_id)
                .eq(sessions::practice_id)
                .and(beside.field(sessions::patient_id).eq(sessions::patient_id))
                .and(beside.field(sessions::session_date).ge(since))
                .and(beside.field(sessions::session_date).le(sessions::session_date))
                .and(beside.field(sessions::id).ne(sessions::id))),
        )
        .filter(sessions::practice_id.eq(practice))
        .filter(is_of_day.or(is_evaluation))
        .filter(beside.field(sessions::status).eq(completed))
        .filter(beside.field(sessions::self_pay).eq(false))
        .filter(beside.field(sessions::disclosure_restricted).eq(false))
        .order(beside.field(sessions::id))
        .select((
            sessions::id,
            sessions::session_date,
            beside.field(sessions::id),
            beside.field(sessions::session_date),
            beside.field(sessions::cpt_code),
        ))
}

/// What stands beside each of the sessions; nothing is told of those that stand alone.
pub(super) async fn neighbours(tx: &Tx<'_>, ids: &[SessionId]) -> Result<HashMap<SessionId, Neighbours>> {
    type Row = (SessionId, NaiveDate, SessionId, NaiveDate, String);
    let query = query(tx.practice());
    let rows: Vec<Row> = match ids {
        // PostgreSQL takes an array for long, and plans anew each time, which costs more than the look itself
        [id] => fixed!(query.filter(sessions::id.eq(*id))).load(&mut tx.conn()).await?,
        ids => fixed!(query.filter(sessions::id.eq_any(ids))).load(&mut tx.conn()).await?,
    };
    let mut found: HashMap<SessionId, Neighbours> = HashMap::new();
    for (of, day, id, on, cpt_code) in rows {
        let neighbours = found.entry(of).or_default();
        if on == day {
            neighbours.same_day.push(SameDay { id, cpt_code });
        } else {
            neighbours.last_evaluation_on = neighbours.last_evaluation_on.max(Some(on));
        }
    }
    Ok(found)
}
