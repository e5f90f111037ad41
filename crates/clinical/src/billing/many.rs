//! The statements that gather the [`Facts`] of many sessions: as many as for one.
//!
//! What several sessions share is read once. Each statement is keyed by the sessions' ids through a sub-select, so
//! all of them travel together.

use std::collections::HashMap;

use diesel::dsl::auto_type;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::join;
use kernel::Failure;
use kernel::id::{PatientId, SessionId, TherapistId};
use schema::tables::clinical::{coverages, network_statuses, patients, sessions, therapists};
use schema::{Result, Tx};
use uuid::Uuid;

use super::Facts;
use super::beside::neighbours;
use super::store::practice;
use crate::coverage::Coverage;
use crate::network_status::NetworkStatus;
use crate::patient::Patient;
use crate::session::Session;
use crate::therapist::Therapist;

/// The sessions that are asked for.
#[auto_type(no_type_alias)]
fn asked<'a>(practice: Uuid, ids: &'a [SessionId]) -> _ {
    sessions::table.filter(sessions::practice_id.eq(practice)).filter(sessions::id.eq_any(ids))
}

/// The facts of sessions, without a lock; those not in the scope's reach are left out. One flight.
///
/// # Errors
/// The database's.
pub async fn read_many(tx: &Tx<'_>, ids: &[SessionId]) -> Result<HashMap<SessionId, Facts>, Failure> {
    Box::pin(gather(tx, ids)).await
}

async fn gather(tx: &Tx<'_>, ids: &[SessionId]) -> Result<HashMap<SessionId, Facts>, Failure> {
    let (sessions, therapists, patients, practice, coverages, network_statuses, neighbours) = join!(
        sessions(tx, ids),
        therapists(tx, ids),
        patients(tx, ids),
        practice(tx),
        coverages(tx, ids),
        network_statuses(tx, ids),
        neighbours(tx, ids),
    );
    let (therapists, patients, practice) = (therapists?, patients?, practice?);
    let (coverages, network_statuses) = (coverages?, network_statuses?);
    let mut neighbours = neighbours?;
    let own = tx.scope().therapist();
    let mut facts = HashMap::with_capacity(ids.len());
    for session in sessions?.into_iter().filter(|s| own.is_none_or(|own| own == s.therapist_id)) {
        // foreign keys: a session's patient and therapist are there
        let missing = || schema::Error::NotFound;
        let therapist = therapists.get(&session.therapist_id).ok_or_else(missing)?.clone();
        let day = session.session_date;
        let in_force = |n: &&NetworkStatus| n.effective_from <= day && n.effective_to.is_none_or(|to| to >= day);
        let of_therapist = network_statuses.get(&session.therapist_id).into_iter().flatten();
        let gathered = Facts {
            supervisor: therapist.supervisor_id.and_then(|id| therapists.get(&id)).cloned(),
            patient: patients.get(&session.patient_id).ok_or_else(missing)?.clone(),
            practice: practice.clone(),
            coverages: coverages.get(&session.patient_id).cloned().unwrap_or_default(),
            network_statuses: of_therapist.filter(in_force).cloned().collect(),
            neighbours: neighbours.remove(&session.id).unwrap_or_default(),
            therapist,
            session,
        };
        facts.insert(gathered.session.id, gathered);
    }
    Ok(facts)
}

async fn sessions(tx: &Tx<'_>, ids: &[SessionId]) -> Result<Vec<Session>> {
    Ok(asked(tx.practice(), ids).select(Session::as_select()).load(&mut tx.conn()).await?)
}

/// Those who held the sessions, and those who answer for them.
async fn therapists(tx: &Tx<'_>, ids: &[SessionId]) -> Result<HashMap<TherapistId, Therapist>> {
    let held = || asked(tx.practice(), ids).select(sessions::therapist_id);
    let query = therapists::table
        .filter(therapists::practice_id.eq(tx.practice()))
        .filter(therapists::id.eq_any(held()))
        .select(Therapist::as_select());
    let supervised = diesel::alias!(therapists as supervised);
    let answering = therapists::table
        .filter(therapists::practice_id.eq(tx.practice()))
        .filter(
            therapists::id.nullable().eq_any(
                supervised
                    .filter(supervised.field(therapists::practice_id).eq(tx.practice()))
                    .filter(supervised.field(therapists::id).eq_any(held()))
                    .select(supervised.field(therapists::supervisor_id)),
            ),
        )
        .select(Therapist::as_select());
    let (mut a, mut b) = (tx.conn(), tx.conn());
    let (held, answering): (QueryResult<Vec<Therapist>>, QueryResult<Vec<Therapist>>) =
        join!(query.load(&mut a), answering.load(&mut b));
    Ok(held?.into_iter().chain(answering?).map(|therapist| (therapist.id, therapist)).collect())
}

async fn patients(tx: &Tx<'_>, ids: &[SessionId]) -> Result<HashMap<PatientId, Patient>> {
    let query = patients::table
        .filter(patients::practice_id.eq(tx.practice()))
        .filter(patients::id.eq_any(asked(tx.practice(), ids).select(sessions::patient_id)))
        .select(Patient::as_select());
    let found: Vec<Patient> = query.load(&mut tx.conn()).await?;
    Ok(found.into_iter().map(|patient| (patient.id, patient)).collect())
}

async fn coverages(tx: &Tx<'_>, ids: &[SessionId]) -> Result<HashMap<PatientId, Vec<Coverage>>> {
    let query = coverages::table
        .filter(coverages::practice_id.eq(tx.practice()))
        .filter(coverages::patient_id.eq_any(asked(tx.practice(), ids).select(sessions::patient_id)))
        .order((coverages::sequence, coverages::effective_from, coverages::id))
        .select(Coverage::as_select());
    let found: Vec<Coverage> = query.load(&mut tx.conn()).await?;
    Ok(grouped(found.into_iter().map(|coverage| (coverage.patient_id, coverage))))
}

/// Of whatever day; each session takes those of its own.
async fn network_statuses(tx: &Tx<'_>, ids: &[SessionId]) -> Result<HashMap<TherapistId, Vec<NetworkStatus>>> {
    let query = network_statuses::table
        .filter(network_statuses::practice_id.eq(tx.practice()))
        .filter(network_statuses::therapist_id.eq_any(asked(tx.practice(), ids).select(sessions::therapist_id)))
        .order((network_statuses::payer_id, network_statuses::id))
        .select(NetworkStatus::as_select());
    let found: Vec<NetworkStatus> = query.load(&mut tx.conn()).await?;
    Ok(grouped(found.into_iter().map(|status| (status.therapist_id, status))))
}

fn grouped<K: Eq + std::hash::Hash, T>(pairs: impl IntoIterator<Item = (K, T)>) -> HashMap<K, Vec<T>> {
    let mut groups: HashMap<K, Vec<T>> = HashMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().push(value);
    }
    groups
}
