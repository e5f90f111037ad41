//! The statements of `clinical.coverages`.

use std::sync::Arc;

use diesel::dsl::{AsSelect, IntoBoxed, Select, exists};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use kernel::id::{CoverageId, PatientId};
use kernel::{Failure, Page, PageRequest, Phi, Scope, etag};
use schema::tables::clinical::{coverages, patients};
use schema::{Cached, Explain, Refused, Result, Tx};

use super::{Coverage, CoverageFilter};
use crate::patient::Patient;
use crate::patient::store::own;

pub(super) fn not_found(id: CoverageId) -> Failure {
    Failure::not_found("coverage", id)
}

/// One coverage in the scope's reach, which is that of its patient.
///
/// # Errors
/// `NOT_FOUND`, or the database's.
pub async fn get(tx: &Tx<'_>, id: CoverageId) -> Result<Phi<Coverage>, Failure> {
    let query = coverages::table.find((tx.practice(), id)).select(Coverage::as_select());
    let found = match tx.scope().own() {
        None => query.first(&mut tx.conn()).await,
        Some(reach) => {
            let reached = patients::table
                .filter(patients::practice_id.eq(coverages::practice_id))
                .filter(patients::id.eq(coverages::patient_id))
                .filter(own(reach));
            query.filter(exists(reached)).first(&mut tx.conn()).await
        }
    };
    found.optional().map_err(schema::Error::from)?.map(Phi::new).ok_or_else(|| not_found(id))
}

/// A page of a patient's coverages, by id. The caller looks whether the patient is in reach.
///
/// # Errors
/// The database's.
pub async fn list(tx: &Tx<'_>, filter: &CoverageFilter, page: &PageRequest) -> Result<Phi<Page<Coverage>>, Failure> {
    let rows = listing(tx.scope(), filter, page).load(&mut tx.conn()).await.map_err(schema::Error::from)?;
    Ok(Phi::new(page.page(rows, |coverage: &Coverage| coverage.id)))
}

type Listing<'a> = IntoBoxed<'a, Select<coverages::table, AsSelect<Coverage, Pg>>, Pg>;

pub(crate) fn listing<'a>(scope: &Scope, filter: &'a CoverageFilter, page: &PageRequest) -> Listing<'a> {
    let mut query = coverages::table
        .select(Coverage::as_select())
        .into_boxed()
        .filter(coverages::practice_id.eq(scope.practice()))
        .filter(coverages::patient_id.eq(filter.patient_id))
        .order(coverages::id)
        .limit(page.limit());
    if let Some(id) = page.after::<CoverageId>() {
        query = query.filter(coverages::id.gt(id));
    }
    if let Some(day) = filter.effective_on {
        query = query.filter(coverages::effective_from.le(day));
        query = query.filter(coverages::effective_to.is_null().or(coverages::effective_to.ge(day)));
    }
    query
}

/// All coverages of a patient. Nobody else changes them while the patient's row is locked.
///
/// # Errors
/// The database's.
pub async fn of_patient(tx: &Tx<'_>, patient: PatientId) -> Result<Vec<Coverage>> {
    let query = coverages::table
        .filter(coverages::practice_id.eq(tx.practice()))
        .filter(coverages::patient_id.eq(patient))
        .select(Coverage::as_select());
    Ok(query.load(&mut tx.conn()).await?)
}

/// The patient of a coverage, locked until the transaction ends; that holds all coverages of the patient in place.
///
/// # Errors
/// `NOT_FOUND`, or the database's.
pub async fn lock_patient(tx: &Tx<'_>, id: CoverageId) -> Result<Phi<Patient>, Failure> {
    let patient = coverages::table.find((tx.practice(), id)).select(coverages::patient_id);
    let query = patients::table
        .filter(patients::practice_id.eq(tx.practice()))
        .filter(patients::id.eq_any(patient))
        .select(Patient::as_select());
    let found = match tx.scope().own() {
        None => query.for_no_key_update().first(&mut tx.conn()).await,
        Some(reach) => query.filter(own(reach)).for_no_key_update().first(&mut tx.conn()).await,
    };
    found.optional().map_err(schema::Error::from)?.map(Phi::new).ok_or_else(|| not_found(id))
}

/// All coverages of the patient whom this coverage belongs to.
///
/// # Errors
/// The database's.
pub async fn beside(tx: &Tx<'_>, id: CoverageId) -> Result<Vec<Coverage>> {
    let of = diesel::alias!(coverages as this_coverage);
    let patient = of
        .filter(of.field(coverages::practice_id).eq(tx.practice()))
        .filter(of.field(coverages::id).eq(id))
        .select(of.field(coverages::patient_id));
    let query = coverages::table
        .filter(coverages::practice_id.eq(tx.practice()))
        .filter(coverages::patient_id.eq_any(patient))
        .select(Coverage::as_select());
    Ok(query.load(&mut tx.conn()).await?)
}

/// Adds a coverage; it goes out with the commit.
pub fn insert(tx: &Tx<'_>, coverage: &Coverage) {
    let coverage = Arc::new(coverage.clone());
    tx.defer(move |tx| {
        let coverage = Arc::clone(&coverage);
        async move {
            let insert = diesel::insert_into(coverages::table).values(&*coverage);
            insert.execute(&mut tx.conn()).await.explain(refused).map(drop)
        }
        .boxed()
    });
}

/// Writes a coverage that was changed in memory under its patient's lock; it goes out with the commit.
pub fn save(tx: &Tx<'_>, coverage: &Coverage) {
    let coverage = Arc::new(coverage.clone());
    tx.defer(move |tx| {
        let coverage = Arc::clone(&coverage);
        async move {
            let target =
                coverages::table.find((tx.practice(), coverage.id)).filter(coverages::version.eq(coverage.version - 1));
            let update = diesel::update(target).set(&*coverage);
            match Cached(update).execute(&mut tx.conn()).await.explain(refused)? {
                0 => Err(etag::mismatch()),
                _ => Ok(()),
            }
        }
        .boxed()
    });
}

fn refused(refused: Refused<'_>) -> Option<Failure> {
    match refused {
        Refused::Dangling("coverages_patient_fkey") => Some(Failure::not_found("patient", "")),
        Refused::Dangling(_) | Refused::Taken(_) => None,
    }
}
