//! The statements about many claims at once.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Failure, etag};
use schema::tables::claims::claims;
use schema::{Cached, Error, Tx};
use uuid::Uuid;

use crate::claim::Claim;

/// Whose claims these are: the claim and its patient.
pub(super) async fn patients(tx: &Tx<'_>, ids: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, Failure> {
    let query = claims::table
        .filter(claims::practice_id.eq(tx.practice()))
        .filter(claims::id.eq_any(ids))
        .select((claims::id, claims::patient_id));
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// Writes where the claims stand now, when the transaction commits. Each must have been moved once since it was read.
pub(super) fn move_at_commit(tx: &Tx<'_>, claims: Vec<Claim>) {
    if claims.is_empty() {
        return;
    }
    let claims = Arc::new(claims);
    tx.defer(move |tx| {
        let claims = Arc::clone(&claims);
        Box::pin(async move { move_all(tx, &claims).await })
    });
}

async fn move_all(tx: &Tx<'_>, claims: &[Claim]) -> Result<(), Failure> {
    let query = diesel::sql_query(include_str!("move.sql"))
        .bind::<SqlUuid, _>(tx.practice())
        .bind::<Array<SqlUuid>, _>(claims.iter().map(|c| c.id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(claims.iter().map(|c| c.status.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(claims.iter().map(|c| c.payer_state.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(claims.iter().map(|c| c.payer_state_at).collect::<Vec<_>>())
        .bind::<Array<Bool>, _>(claims.iter().map(|c| c.was_transmitted).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(claims.iter().map(|c| c.standing_status).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(claims.iter().map(|c| c.standing_payer_state).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(claims.iter().map(|c| c.version).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(claims.iter().map(|c| c.updated_at).collect::<Vec<_>>());
    let moved = Cached(query).execute(&mut tx.conn()).await.map_err(Error::from)?;
    if moved == claims.len() { Ok(()) } else { Err(etag::mismatch()) }
}
