//! The statements of `clinical.therapists`.

use std::sync::Arc;

use diesel::dsl::{AsSelect, IntoBoxed, Select};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use kernel::id::TherapistId;
use kernel::{Failure, Page, PageRequest, Scope, etag};
use schema::tables::clinical::therapists;
use schema::{Cached, Explain, Refused, Result, Tx};

use super::{Therapist, TherapistFilter};
use crate::error::Error;

fn not_found(id: TherapistId) -> Failure {
    Failure::not_found("therapist", id)
}

/// One therapist of the practice.
///
/// # Errors
/// `NOT_FOUND`, or the database's.
pub async fn get(tx: &Tx<'_>, id: TherapistId) -> Result<Therapist, Failure> {
    let query = therapists::table.find((tx.practice(), id)).select(Therapist::as_select());
    let found = query.first(&mut tx.conn()).await;
    found.optional().map_err(schema::Error::from)?.ok_or_else(|| not_found(id))
}

/// One therapist of the practice, locked until the transaction ends.
///
/// # Errors
/// `NOT_FOUND`, or the database's.
pub async fn lock(tx: &Tx<'_>, id: TherapistId) -> Result<Therapist, Failure> {
    let query = therapists::table.find((tx.practice(), id)).select(Therapist::as_select());
    let found = query.for_no_key_update().first(&mut tx.conn()).await;
    found.optional().map_err(schema::Error::from)?.ok_or_else(|| not_found(id))
}

/// A page of therapists, by id.
///
/// # Errors
/// The database's.
pub async fn list(tx: &Tx<'_>, filter: &TherapistFilter, page: &PageRequest) -> Result<Page<Therapist>, Failure> {
    let rows = listing(tx.scope(), filter, page).load(&mut tx.conn()).await.map_err(schema::Error::from)?;
    Ok(page.page(rows, |therapist: &Therapist| therapist.id))
}

type Listing<'a> = IntoBoxed<'a, Select<therapists::table, AsSelect<Therapist, Pg>>, Pg>;

pub(crate) fn listing<'a>(scope: &Scope, filter: &'a TherapistFilter, page: &PageRequest) -> Listing<'a> {
    let mut query = therapists::table
        .select(Therapist::as_select())
        .into_boxed()
        .filter(therapists::practice_id.eq(scope.practice()))
        .order(therapists::id)
        .limit(page.limit());
    if let Some(id) = page.after::<TherapistId>() {
        query = query.filter(therapists::id.gt(id));
    }
    if !filter.include_inactive {
        query = query.filter(therapists::is_active);
    }
    if let Some(npi) = &filter.npi {
        query = query.filter(therapists::npi.eq(npi));
    }
    query
}

/// Adds a therapist; it goes out with the commit.
pub fn insert(tx: &Tx<'_>, therapist: &Therapist) {
    let therapist = Arc::new(therapist.clone());
    tx.defer(move |tx| {
        let therapist = Arc::clone(&therapist);
        async move {
            let insert = diesel::insert_into(therapists::table).values(&*therapist);
            insert.execute(&mut tx.conn()).await.explain(refused).map(drop)
        }
        .boxed()
    });
}

/// Writes a therapist that was locked and changed in memory; it goes out with the commit.
pub fn save(tx: &Tx<'_>, therapist: &Therapist) {
    let therapist = Arc::new(therapist.clone());
    tx.defer(move |tx| {
        let therapist = Arc::clone(&therapist);
        async move {
            let target = therapists::table
                .find((tx.practice(), therapist.id))
                .filter(therapists::version.eq(therapist.version - 1));
            let update = diesel::update(target).set(&*therapist);
            match Cached(update).execute(&mut tx.conn()).await.explain(refused)? {
                0 => Err(etag::mismatch()),
                _ => Ok(()),
            }
        }
        .boxed()
    });
}

/// The rows that an import brought before.
///
/// # Errors
/// The database's.
pub async fn imported(tx: &Tx<'_>, source: &str, keys: &[&str]) -> Result<Vec<(Option<String>, TherapistId)>> {
    let query = therapists::table
        .filter(therapists::practice_id.eq(tx.practice()))
        .filter(therapists::source.eq(source))
        .filter(therapists::source_id.eq_any(keys))
        .select((therapists::source_id, therapists::id));
    Ok(query.load(&mut tx.conn()).await?)
}

/// Which of these NPIs the practice has.
///
/// # Errors
/// The database's.
pub async fn taken(tx: &Tx<'_>, npis: &[&str]) -> Result<Vec<Option<String>>> {
    let query = therapists::table
        .filter(therapists::practice_id.eq(tx.practice()))
        .filter(therapists::npi.eq_any(npis))
        .select(therapists::npi);
    Ok(query.load(&mut tx.conn()).await?)
}

/// Which of these therapists there are, and whether they are active.
///
/// # Errors
/// The database's.
pub async fn standing(tx: &Tx<'_>, ids: &[TherapistId]) -> Result<Vec<(TherapistId, bool)>> {
    let query = therapists::table
        .filter(therapists::practice_id.eq(tx.practice()))
        .filter(therapists::id.eq_any(ids))
        .select((therapists::id, therapists::is_active));
    Ok(query.load(&mut tx.conn()).await?)
}

fn refused(refused: Refused<'_>) -> Option<Failure> {
    match refused {
        Refused::Taken("therapists_npi_key") => Some(Error::NpiTaken.into()),
        Refused::Dangling("therapists_supervisor_fkey") => Some(Failure::not_found("therapist", "")),
        Refused::Dangling(_) | Refused::Taken(_) => None,
    }
}
