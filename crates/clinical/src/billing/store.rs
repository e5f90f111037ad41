//! The statements that gather [`Facts`].
//!
//! Each is keyed by the session's id through a sub-select, so none needs another's answer and all travel together.
//! The session's own statement comes first: what waits for its lock then sees what the other transaction left.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::join;
use kernel::Failure;
use kernel::id::SessionId;
use schema::tables::clinical::{coverages, network_statuses, patients, sessions, therapists};
use schema::tables::tenancy::practices;
use schema::{Result, Tx, fixed};

use super::beside::neighbours;
use super::{Facts, Practice};
use crate::coverage::Coverage;
use crate::network_status::NetworkStatus;
use crate::patient::Patient;
use crate::session;
use crate::therapist::Therapist;

diesel::alias!(therapists as supervisors: Supervisors);

/// The facts of a session in the scope's reach, its row locked until the transaction ends. One flight.
///
/// # Errors
/// `NOT_FOUND`, or the database's.
pub async fn lock(tx: &Tx<'_>, id: SessionId) -> Result<Facts, Failure> {
    // its many statements make a large future, which is kept off the callers' stacks
    Box::pin(gather(tx, id, true)).await
}

/// The facts of a session in the scope's reach, without a lock. One flight.
///
/// # Errors
/// `NOT_FOUND`, or the database's.
pub async fn read(tx: &Tx<'_>, id: SessionId) -> Result<Facts, Failure> {
    Box::pin(gather(tx, id, false)).await
}

async fn gather(tx: &Tx<'_>, id: SessionId, locked: bool) -> Result<Facts, Failure> {
    let session = async { if locked { session::store::lock(tx, id).await } else { session::store::get(tx, id).await } };
    let ids = [id];
    let (session, parties, coverages, network_statuses, neighbours) =
        join!(session, parties(tx, id), coverages_of(tx, id), network_statuses_of(tx, id), neighbours(tx, &ids));
    // the session's answer says whether there is anything in reach at all
    let session = session?.peek().clone();
    let (therapist, patient, practice, supervisor) = parties?;
    Ok(Facts {
        session,
        therapist,
        supervisor,
        patient,
        practice,
        coverages: coverages?,
        network_statuses: network_statuses?,
        neighbours: neighbours?.remove(&id).unwrap_or_default(),
    })
}

/// Whoever has to do with the session, with the therapist's supervisor if there is one.
///
/// One statement and not four: each costs the database and us as much again as finding its row.
async fn parties(tx: &Tx<'_>, id: SessionId) -> Result<(Therapist, Patient, Practice, Option<Therapist>)> {
    let supervisor = supervisors.fields(<Therapist as Selectable<Pg>>::construct_selection()).nullable();
    let query = sessions::table
        .find((tx.practice(), id))
        .inner_join(
            therapists::table
                .on(therapists::practice_id.eq(sessions::practice_id).and(therapists::id.eq(sessions::therapist_id))),
        )
        .inner_join(
            patients::table
                .on(patients::practice_id.eq(sessions::practice_id).and(patients::id.eq(sessions::patient_id))),
        )
        .inner_join(practices::table.on(practices::id.eq(sessions::practice_id)))
        .left_join(
            supervisors.on(supervisors
                .field(therapists::practice_id)
                .eq(sessions::practice_id)
                .and(supervisors.field(therapists::id).nullable().eq(therapists::supervisor_id))),
        )
        .select((Therapist::as_select(), Patient::as_select(), Practice::as_select(), supervisor));
    Ok(fixed!(query).get_result(&mut tx.conn()).await?)
}

async fn coverages_of(tx: &Tx<'_>, id: SessionId) -> Result<Vec<Coverage>> {
    let query =
        sessions::table
            .find((tx.practice(), id))
            .inner_join(coverages::table.on(
                coverages::practice_id.eq(sessions::practice_id).and(coverages::patient_id.eq(sessions::patient_id)),
            ))
            .order((coverages::sequence, coverages::effective_from, coverages::id))
            .select(Coverage::as_select());
    Ok(fixed!(query).load(&mut tx.conn()).await?)
}

async fn network_statuses_of(tx: &Tx<'_>, id: SessionId) -> Result<Vec<NetworkStatus>> {
    let query = sessions::table
        .find((tx.practice(), id))
        .inner_join(
            network_statuses::table.on(network_statuses::practice_id
                .eq(sessions::practice_id)
                .and(network_statuses::therapist_id.eq(sessions::therapist_id))
                .and(network_statuses::effective_from.le(sessions::session_date))),
        )
        .filter(
            network_statuses::effective_to
                .is_null()
                .or(network_statuses::effective_to.ge(sessions::session_date.nullable())),
        )
        .order((network_statuses::payer_id, network_statuses::id))
        .select(NetworkStatus::as_select());
    Ok(fixed!(query).load(&mut tx.conn()).await?)
}

/// The practice's time zone.
///
/// # Errors
/// The database's.
pub async fn time_zone(tx: &Tx<'_>) -> Result<String> {
    Ok(practices::table.find(tx.practice()).select(practices::time_zone).first(&mut tx.conn()).await?)
}

/// The practice of the transaction, as it bills.
pub async fn practice(tx: &Tx<'_>) -> Result<Practice> {
    Ok(practices::table.find(tx.practice()).select(Practice::as_select()).first(&mut tx.conn()).await?)
}
