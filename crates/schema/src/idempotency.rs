//! Idempotent requests (AIP-155): the answer is stored in the transaction of the effect, and a repeat gets it back.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Timestamptz};
use diesel_async::RunQueryDsl;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, join};
use kernel::id::RequestId;
use kernel::{Code, Failure, Scope, Violations};
use uuid::Uuid;

use crate::db::Db;
use crate::error::Result;
use crate::sql::Cached;
use crate::tables::ops::requests;
use crate::tx::{Stage, Step, Tx};

/// What makes a repeat recognisable: practice, caller, method, the request's id and a digest of its content.
#[derive(Debug, Clone)]
pub struct Once {
    caller: Uuid,
    method: &'static str,
    request_id: Uuid,
    digest: Vec<u8>,
}

impl Once {
    /// Reads `request_id`; an empty one means that the caller does not ask for idempotency.
    ///
    /// `digest` must cover the whole request.
    pub fn parse(v: &mut Violations, scope: &Scope, request_id: &str, digest: Vec<u8>) -> Option<Self> {
        let id: RequestId = v.optional_id("request_id", request_id)?;
        Some(Self { caller: scope.actor_id(), method: scope.facts().method.path, request_id: id.uuid(), digest })
    }
}

/// What an earlier run of the same request left.
#[derive(Debug)]
pub struct Stored {
    pub response: Vec<u8>,
    /// What the audit trail needs to record the repeat.
    pub memo: Vec<u8>,
}

#[derive(Queryable)]
struct Row {
    request_hash: Vec<u8>,
    response: Option<Vec<u8>>,
    memo: Option<Vec<u8>>,
}

/// Takes the request's row or waits for whoever has it, then looks at what it holds. Both in the first flight.
pub(crate) async fn claim(tx: &Tx<'_>, once: &Once) -> Result<Option<Stored>, Failure> {
    let (mut a, mut b) = (tx.conn(), tx.conn());
    let insert = diesel::insert_into(requests::table)
        .values((
            requests::practice_id.eq(tx.practice()),
            requests::caller_id.eq(once.caller),
            requests::method.eq(once.method),
            requests::request_id.eq(once.request_id),
            requests::request_hash.eq(&once.digest),
            requests::created_at.eq(tx.scope().now()),
        ))
        .on_conflict_do_nothing();
    let select = requests::table.find((tx.practice(), once.caller, once.method, once.request_id)).select((
        requests::request_hash,
        requests::response,
        requests::memo,
    ));
    let (inserted, row) = join!(Cached(insert).execute(&mut a), select.first::<Row>(&mut b));
    inserted.map_err(crate::Error::from)?;
    let row = row.map_err(crate::Error::from)?;
    if row.request_hash != once.digest {
        return Err(Failure::new(
            Code::InvalidArgument,
            "REQUEST_ID_REUSED",
            "this request_id was used for a request with other content; use a fresh one",
        ));
    }
    Ok(row.response.map(|response| Stored { response, memo: row.memo.unwrap_or_default() }))
}

#[derive(QueryableByName)]
struct Purged {
    #[diesel(sql_type = Integer)]
    purged: i32,
}

/// Removes answers that are older than 30 days, at most `max` of them, and tells how many.
///
/// # Errors
/// The database's.
pub async fn purge(db: &Db, now: DateTime<Utc>, max: i32) -> Result<i32> {
    let mut conn = db.directory().await?;
    let purge = diesel::sql_query("SELECT ops.purge_requests($1, $2) AS purged");
    let Purged { purged } = purge.bind::<Timestamptz, _>(now).bind::<Integer, _>(max).get_result(&mut conn).await?;
    Ok(purged)
}

/// Writes the answer beside the effect.
pub(crate) struct Store {
    pub(crate) once: Once,
    pub(crate) stored: Stored,
}

impl Step for Store {
    fn stage(&self) -> Stage {
        Stage::Answer
    }

    fn run<'a>(&'a self, tx: &'a Tx<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            let mut conn = tx.conn();
            let key = (tx.practice(), self.once.caller, self.once.method, self.once.request_id);
            let update = diesel::update(requests::table.find(key))
                .set((requests::response.eq(&self.stored.response), requests::memo.eq(&self.stored.memo)));
            Cached(update).execute(&mut conn).await.map_err(crate::Error::from)?;
            Ok(())
        }
        .boxed()
    }
}
