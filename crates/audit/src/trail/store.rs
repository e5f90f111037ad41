//! The questions that `audit.entries` answers.

use diesel::dsl::{AsSelect, IntoBoxed, Select, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::join;
use kernel::id::PatientId;
use kernel::{Failure, Page, PageRequest, Phi, Scope};
use schema::tables::audit::{entries, heads};
use schema::tables::clinical::patients;
use schema::{Result, Tx};

use super::export::PIECE_MAX;
use super::{Record, RecordFilter};

/// A page of entries, the newest first.
pub(crate) async fn list(tx: &Tx<'_>, filter: &RecordFilter, page: &PageRequest) -> Result<Phi<Page<Record>>, Failure> {
    let query = listing(tx.scope(), filter, page);
    let rows = query.load(&mut tx.conn()).await.map_err(schema::Error::from)?;
    Ok(Phi::new(page.page(rows, |record: &Record| record.position)))
}

type Listing<'a> = IntoBoxed<'a, Select<entries::table, AsSelect<Record, Pg>>, Pg>;

/// Positions are given out in the order of recording, so the primary key serves the order within each month, and the
/// times choose the months. The other indexes are for what is asked for by name.
pub(crate) fn listing<'a>(scope: &Scope, filter: &'a RecordFilter, page: &PageRequest) -> Listing<'a> {
    let begin = filter.begins_at(scope.now());
    let mut query = entries::table
        .filter(entries::practice_id.eq(scope.practice()))
        .filter(entries::recorded_at.ge(begin))
        .select(Record::as_select())
        .order(entries::position.desc())
        .limit(page.limit())
        .into_boxed();
    if let Some(position) = page.after::<i64>() {
        query = query.filter(entries::position.lt(position));
    }
    if let Some(to) = filter.to {
        query = query.filter(entries::recorded_at.lt(to));
    }
    if let Some(id) = filter.actor_id {
        // as the index has it
        let actor = "CASE WHEN entries.user_id IS NULL THEN entries.account_id ELSE entries.user_id END = ";
        query = query.filter(sql::<Bool>(actor).bind::<SqlUuid, _>(id));
    }
    if let Some(action) = filter.action {
        query = query.filter(entries::action.eq(action));
    }
    if let Some(kind) = &filter.resource_type {
        query = query.filter(entries::resource_type.eq(kind));
    }
    if let Some(id) = &filter.resource_id {
        query = query.filter(entries::resource_ids.contains(vec![id]));
    }
    if let Some(outcome) = filter.outcome {
        query = query.filter(entries::outcome.eq(outcome));
    }
    if let Some(patient) = filter.patient_id {
        // a statement for each index, as OR would use neither: what may leak is not looked up before the policy has judged
        let of_one = sql::<Bool>("entries.position IN (SELECT e.position FROM audit.entries e WHERE e.practice_id = ")
            .bind::<SqlUuid, _>(scope.practice())
            .sql(" AND e.patient_ids[1] = ")
            .bind::<SqlUuid, _>(patient)
            .sql(" AND e.recorded_at >= ")
            .bind::<Timestamptz, _>(begin);
        let of_several = of_one
            .sql(" UNION ALL SELECT e.position FROM audit.entries e WHERE e.practice_id = ")
            .bind::<SqlUuid, _>(scope.practice())
            .sql(" AND e.patient_ids[2] IS NOT NULL AND e.recorded_at >= ")
            .bind::<Timestamptz, _>(begin)
            .sql(" AND e.patient_ids @> ARRAY[")
            .bind::<SqlUuid, _>(patient);
        query = query.filter(of_several.sql("])"));
    }
    if let Some(id) = filter.break_glass_id {
        query = query.filter(entries::break_glass_id.eq(id.uuid()));
    }
    if filter.under_break_glass {
        query = query.filter(entries::break_glass_id.is_not_null());
    }
    query
}

/// The entries of an export behind a position, the oldest first.
pub(crate) async fn between(
    tx: &Tx<'_>,
    filter: &RecordFilter,
    after: i64,
    through: i64,
) -> Result<Phi<Vec<Record>>, Failure> {
    let mut query = entries::table
        .filter(entries::practice_id.eq(tx.practice()))
        .filter(entries::position.gt(after))
        .filter(entries::position.le(through))
        .filter(entries::recorded_at.ge(filter.begins_at(tx.scope().now())))
        .select(Record::as_select())
        .order(entries::position)
        .limit(i64::try_from(PIECE_MAX).unwrap_or(i64::MAX))
        .into_boxed();
    if let Some(to) = filter.to {
        query = query.filter(entries::recorded_at.lt(to));
    }
    Ok(Phi::new(query.load(&mut tx.conn()).await.map_err(schema::Error::from)?))
}

/// The newest position of the practice.
pub(crate) async fn head(tx: &Tx<'_>) -> Result<i64, Failure> {
    let query = heads::table.find(tx.practice()).select(heads::last_position);
    Ok(query.first(&mut tx.conn()).await.map_err(schema::Error::from)?)
}

/// A page of the entries about a patient, if the practice has that patient. One flight.
pub(crate) async fn accesses(
    tx: &Tx<'_>,
    patient: PatientId,
    filter: &RecordFilter,
    page: &PageRequest,
) -> Result<Phi<Page<Record>>, Failure> {
    let (exists, listed) = join!(patient_exists(tx, patient), list(tx, filter, page));
    if exists? { listed } else { Err(Failure::not_found("patient", patient)) }
}

/// Whether the practice knows the patient: the only thing that the trail asks of another table.
async fn patient_exists(tx: &Tx<'_>, patient: PatientId) -> Result<bool> {
    let query = diesel::select(diesel::dsl::exists(patients::table.find((tx.practice(), patient))));
    Ok(query.get_result(&mut tx.conn()).await?)
}
