//! The statements of the payer list.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use schema::tables::claims::{payer_profiles, payers};
use schema::{Db, Result};

use super::{Listed, Payer, PayerList, PayerProfile};

pub(super) async fn load(db: &Db) -> Result<PayerList> {
    let mut conn = db.directory().await?;
    let listed: Vec<Payer> = payers::table.select(Payer::as_select()).load(&mut conn).await?;
    let profiles: Vec<PayerProfile> = payer_profiles::table.select(PayerProfile::as_select()).load(&mut conn).await?;
    let mut list: PayerList =
        listed.into_iter().map(|payer| (payer.id.clone(), Listed { payer, profiles: Vec::new() })).collect();
    for profile in profiles {
        if let Some(listed) = list.get_mut(&profile.payer_id) {
            listed.profiles.push(profile);
        }
    }
    Ok(list)
}
