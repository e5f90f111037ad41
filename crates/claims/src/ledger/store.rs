//! The statements of `claims.ledger_entries`.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Date, Nullable, Numeric, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::Failure;
use kernel::id::{ClaimId, LedgerEntryId};
use schema::{Cached, Error, Tx};

use super::{Balance, LedgerEntry, LedgerKind};
use crate::adjudication::AdjustmentGroup;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: LedgerKind,
    #[diesel(sql_type = Nullable<Text>)]
    group_code: Option<AdjustmentGroup>,
    #[diesel(sql_type = Nullable<Text>)]
    reason_code: Option<String>,
    #[diesel(sql_type = Numeric)]
    amount: BigDecimal,
}

impl From<Row> for Balance {
    fn from(Row { kind, group_code, reason_code, amount }: Row) -> Self {
        Self { kind, group: group_code, reason: reason_code, amount }
    }
}

/// What the claim's movements come to, by kind and reason. The claim must be locked.
pub async fn balances(tx: &Tx<'_>, claim: ClaimId) -> Result<Vec<Balance>, Failure> {
    let query =
        diesel::sql_query(include_str!("balances.sql")).bind::<SqlUuid, _>(tx.practice()).bind::<SqlUuid, _>(claim);
    let rows: Vec<Row> = Cached(query).load(&mut tx.conn()).await.map_err(Error::from)?;
    Ok(rows.into_iter().map(Balance::from).collect())
}

#[derive(QueryableByName)]
struct StandingRow {
    #[diesel(embed)]
    standing: Row,
    #[diesel(sql_type = Nullable<Date>)]
    occurred_on: Option<NaiveDate>,
}

/// What a claim's movements come to, and the day of the last one that a payer made.
pub async fn standing(tx: &Tx<'_>, claim: ClaimId) -> Result<(Vec<Balance>, Option<NaiveDate>), Failure> {
    let query =
        diesel::sql_query(include_str!("standing.sql")).bind::<SqlUuid, _>(tx.practice()).bind::<SqlUuid, _>(claim);
    let rows: Vec<StandingRow> = Cached(query).load(&mut tx.conn()).await.map_err(Error::from)?;
    let on = rows.iter().filter_map(|row| row.occurred_on).max();
    Ok((rows.into_iter().map(|row| row.standing.into()).collect(), on))
}

/// Adds the movements when the transaction commits. What they name must be added before.
pub fn insert_at_commit(tx: &Tx<'_>, claim: ClaimId, entries: Vec<LedgerEntry>) {
    if entries.is_empty() {
        return;
    }
    let entries = Arc::new(entries);
    tx.defer(move |tx| {
        let entries = Arc::clone(&entries);
        Box::pin(async move { insert(tx, claim, &entries).await })
    });
}

async fn insert(tx: &Tx<'_>, claim: ClaimId, entries: &[LedgerEntry]) -> Result<(), Failure> {
    let query = diesel::sql_query(include_str!("insert.sql"))
        .bind::<SqlUuid, _>(tx.practice())
        .bind::<SqlUuid, _>(claim)
        .bind::<SqlUuid, _>(tx.scope().actor_id())
        .bind::<Timestamptz, _>(tx.scope().now())
        .bind::<Array<SqlUuid>, _>(entries.iter().map(|_| LedgerEntryId::new()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(entries.iter().map(|e| e.kind.as_str()).collect::<Vec<_>>())
        .bind::<Array<Numeric>, _>(entries.iter().map(|e| &e.amount).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(entries.iter().map(|e| e.group.map(|g| g.as_str())).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(entries.iter().map(|e| e.reason.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(entries.iter().map(|e| e.response).collect::<Vec<_>>())
        .bind::<Array<Date>, _>(entries.iter().map(|e| e.occurred_on).collect::<Vec<_>>());
    let inserted = Cached(query).execute(&mut tx.conn()).await.map_err(Error::from)?;
    if inserted == entries.len() { Ok(()) } else { Err(Failure::internal("a ledger entry was not stored")) }
}
