//! The questions that `audit.entries` answers.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::join;
use kernel::id::PatientId;
use kernel::{Failure, Page, PageRequest, Phi};
use schema::tables::audit::entries;
use schema::tables::clinical::patients;
use schema::{Result, Tx};

use super::{Record, RecordFilter};

/// A page of entries, the newest first. Positions are given out in the order of recording, so the primary key
/// serves the order within each month, and the times choose the months.
pub(crate) async fn list(tx: &Tx<'_>, filter: &RecordFilter, page: &PageRequest) -> Result<Phi<Page<Record>>, Failure> {
    let mut query = entries::table
        .filter(entries::practice_id.eq(tx.practice()))
        .filter(entries::recorded_at.ge(filter.begins_at(tx.scope().now())))
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
        query =
            query.filter(entries::user_id.is_not_distinct_from(id).or(entries::account_id.is_not_distinct_from(id)));
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
        query = query.filter(entries::patient_ids.contains(vec![patient]));
    }
    let rows = query.load(&mut tx.conn()).await.map_err(schema::Error::from)?;
    Ok(Phi::new(page.page(rows, |record: &Record| record.position)))
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
