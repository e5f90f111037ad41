//! The statements of `clinical.network_statuses`.

use std::sync::Arc;

use chrono::NaiveDate;
use diesel::dsl::{AsSelect, IntoBoxed, Select};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use kernel::id::{NetworkStatusId, TherapistId};
use kernel::{Failure, Page, PageRequest, Scope, etag};
use schema::tables::clinical::network_statuses;
use schema::{Cached, Explain, Refused, Result, Tx};

use super::{NetworkStatus, NetworkStatusFilter, Settlement};
use crate::error::Error;

/// The statuses of a therapist with a payer that have not ended before that day. The therapist's row must be locked,
/// so that nobody else changes them.
///
/// # Errors
/// The database's.
pub async fn since(tx: &Tx<'_>, therapist: TherapistId, payer_id: &str, day: NaiveDate) -> Result<Vec<NetworkStatus>> {
    let query = network_statuses::table
        .filter(network_statuses::practice_id.eq(tx.practice()))
        .filter(network_statuses::therapist_id.eq(therapist))
        .filter(network_statuses::payer_id.eq(payer_id))
        .filter(network_statuses::effective_to.is_null().or(network_statuses::effective_to.ge(day)))
        .order(network_statuses::effective_from)
        .select(NetworkStatus::as_select());
    Ok(query.load(&mut tx.conn()).await?)
}

/// A page of statuses, by id.
///
/// # Errors
/// The database's.
pub async fn list(
    tx: &Tx<'_>,
    filter: &NetworkStatusFilter,
    page: &PageRequest,
) -> Result<Page<NetworkStatus>, Failure> {
    let rows = listing(tx.scope(), filter, page).load(&mut tx.conn()).await.map_err(schema::Error::from)?;
    Ok(page.page(rows, |status: &NetworkStatus| status.id))
}

type Listing<'a> = IntoBoxed<'a, Select<network_statuses::table, AsSelect<NetworkStatus, Pg>>, Pg>;

pub(crate) fn listing<'a>(scope: &Scope, filter: &'a NetworkStatusFilter, page: &PageRequest) -> Listing<'a> {
    let mut query = network_statuses::table
        .select(NetworkStatus::as_select())
        .into_boxed()
        .filter(network_statuses::practice_id.eq(scope.practice()))
        .order(network_statuses::id)
        .limit(page.limit());
    if let Some(id) = page.after::<NetworkStatusId>() {
        query = query.filter(network_statuses::id.gt(id));
    }
    if let Some(therapist) = filter.therapist_id {
        query = query.filter(network_statuses::therapist_id.eq(therapist));
    }
    if let Some(payer_id) = &filter.payer_id {
        query = query.filter(network_statuses::payer_id.eq(payer_id));
    }
    if let Some(day) = filter.effective_on {
        query = query.filter(network_statuses::effective_from.le(day));
        query = query.filter(network_statuses::effective_to.is_null().or(network_statuses::effective_to.ge(day)));
    }
    query
}

/// Writes what setting a status changes; it goes out with the commit. The old row ends before the new one begins.
pub fn settle(tx: &Tx<'_>, settlement: &Settlement) {
    if let Some(ended) = &settlement.ended {
        save(tx, ended);
    }
    if settlement.corrects {
        save(tx, &settlement.current);
    } else {
        insert(tx, &settlement.current);
    }
}

fn insert(tx: &Tx<'_>, status: &NetworkStatus) {
    let status = Arc::new(status.clone());
    tx.defer(move |tx| {
        let status = Arc::clone(&status);
        async move {
            let insert = diesel::insert_into(network_statuses::table).values(&*status);
            insert.execute(&mut tx.conn()).await.explain(refused).map(drop)
        }
        .boxed()
    });
}

fn save(tx: &Tx<'_>, status: &NetworkStatus) {
    let status = Arc::new(status.clone());
    tx.defer(move |tx| {
        let status = Arc::clone(&status);
        async move {
            let target = network_statuses::table
                .find((tx.practice(), status.id))
                .filter(network_statuses::version.eq(status.version - 1));
            let update = diesel::update(target).set(&*status);
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
        Refused::Taken("network_statuses_no_overlap") => Some(Error::NetworkStatusOverlap.into()),
        Refused::Dangling("network_statuses_therapist_fkey") => Some(Failure::not_found("therapist", "")),
        Refused::Dangling(_) | Refused::Taken(_) => None,
    }
}
