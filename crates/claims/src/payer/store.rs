//! The statements of the payer list and of the code tables.

use std::sync::Arc;

use chrono::NaiveDate;
use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kernel::Failure;
use schema::tables::claims::{payer_profiles, payers, reference_releases};
use schema::{Db, Result};

use super::{Listed, Payer, PayerList, PayerProfile};
use crate::codes::{Kind, Reference, Release};

/// Reads the list anew; the code tables only when a release came since `before`.
pub(super) async fn load(db: &Db, before: Option<Arc<PayerList>>) -> Result<PayerList, Failure> {
    let mut conn = db.directory().await?;
    let (newest, listed, profiles) = read(&mut conn).await?;
    let mut payers: std::collections::HashMap<_, _> =
        listed.into_iter().map(|payer| (payer.id.clone(), Listed { payer, profiles: Vec::new() })).collect();
    for profile in profiles {
        if let Some(listed) = payers.get_mut(&profile.payer_id) {
            let terms = profile.terms();
            listed.profiles.push((profile, terms));
        }
    }
    let codes = match (newest, before) {
        (newest, Some(before)) if newest == before.newest => Arc::clone(&before.codes),
        (Some(newest), _) => {
            let releases = releases(&mut conn, newest).await?;
            // some of them have a hundred thousand rows
            let built = tokio::task::spawn_blocking(move || build(newest, &releases)).await;
            Arc::new(built.map_err(Failure::internal)??)
        }
        (None, _) => Arc::new(Reference::default()),
    };
    Ok(PayerList { payers, newest, codes })
}

/// The number of the newest release, the payers, and their profiles.
type Rows = (Option<i64>, Vec<Payer>, Vec<PayerProfile>);

async fn read(conn: &mut AsyncPgConnection) -> Result<Rows> {
    // first, so that what comes in between is read again next time
    let newest = reference_releases::table.select(max(reference_releases::id)).first(conn).await?;
    let listed = payers::table.select(Payer::as_select()).load(conn).await?;
    // the latest first, should two overlap
    let profiles = payer_profiles::table
        .order((payer_profiles::payer_id, payer_profiles::valid_from.desc()))
        .select(PayerProfile::as_select())
        .load(conn)
        .await?;
    Ok((newest, listed, profiles))
}

/// A stored release.
type Stored = (Kind, Option<NaiveDate>, Option<String>);

/// The newest release of each table and day, up to that number.
async fn releases(conn: &mut AsyncPgConnection, newest: i64) -> Result<Vec<Stored>> {
    use reference_releases as r;
    Ok(r::table
        .filter(r::id.le(newest))
        .filter(r::content.is_not_null())
        .distinct_on((r::kind, r::valid_from))
        .order((r::kind, r::valid_from, r::id.desc()))
        .select((r::kind, r::valid_from, r::content))
        .load(conn)
        .await?)
}

fn build(newest: i64, stored: &[Stored]) -> Result<Reference, Failure> {
    let releases: Vec<Release<'_>> = stored
        .iter()
        .map(|(kind, valid_from, content)| Release {
            kind: *kind,
            valid_from: *valid_from,
            content: content.as_deref().unwrap_or_default(),
        })
        .collect();
    Reference::with(newest, &releases).map_err(Failure::internal)
}
