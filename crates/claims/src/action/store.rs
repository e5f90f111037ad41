//! The statements of `claims.claim_actions`.

use std::sync::Arc;

use diesel::dsl::{AsSelect, auto_type};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::id::{ClaimActionId, ClaimId};
use kernel::{Failure, Page, PageRequest, Phi, etag};
use schema::tables::claims::{claim_actions, claims};
use schema::{Error, Explain, Refused, Tx};
use uuid::Uuid;

use super::{ActionKind, ActionState, ClaimAction, Filed, Filter, error};

/// Those of the practice, each with the patient of its claim.
#[auto_type(no_type_alias)]
fn filed(practice: Uuid) -> _ {
    let columns: AsSelect<ClaimAction, Pg> = ClaimAction::as_select();
    claim_actions::table
        .inner_join(
            claims::table
                .on(claims::practice_id.eq(claim_actions::practice_id).and(claims::id.eq(claim_actions::claim_id))),
        )
        .filter(claim_actions::practice_id.eq(practice))
        .select((columns, claims::patient_id))
}

fn not_found(id: ClaimActionId) -> Failure {
    Failure::not_found("claim action", id)
}

/// One of the practice.
pub async fn get(tx: &Tx<'_>, id: ClaimActionId) -> Result<Phi<Filed>, Failure> {
    let query = filed(tx.practice()).filter(claim_actions::id.eq(id));
    let found: Option<Filed> = query.first(&mut tx.conn()).await.optional().map_err(Error::from)?;
    found.map(Phi::new).ok_or_else(|| not_found(id))
}

/// One of the practice, locked until the transaction ends.
pub async fn lock(tx: &Tx<'_>, id: ClaimActionId) -> Result<ClaimAction, Failure> {
    let query = claim_actions::table.find((tx.practice(), id)).select(ClaimAction::as_select()).for_no_key_update();
    let found: Option<ClaimAction> = query.first(&mut tx.conn()).await.optional().map_err(Error::from)?;
    found.ok_or_else(|| not_found(id))
}

/// Whether the same is proposed for the claim. New ones come only under the claim's lock.
pub async fn is_open(tx: &Tx<'_>, claim: ClaimId, kind: ActionKind) -> Result<bool, Failure> {
    let open = claim_actions::table
        .filter(claim_actions::practice_id.eq(tx.practice()))
        .filter(claim_actions::claim_id.eq(claim))
        .filter(claim_actions::kind.eq(kind))
        .filter(claim_actions::state.eq(ActionState::Proposed));
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(&mut tx.conn()).await.map_err(Error::from)?)
}

/// A page of them, by id.
pub async fn list(tx: &Tx<'_>, filter: &Filter, page: &PageRequest) -> Result<Phi<Page<Filed>>, Failure> {
    let mut query = filed(tx.practice()).order(claim_actions::id).limit(page.limit()).into_boxed();
    if let Some(id) = page.after::<ClaimActionId>() {
        query = query.filter(claim_actions::id.gt(id));
    }
    if let Some(state) = filter.state {
        query = query.filter(claim_actions::state.eq(state));
    }
    if let Some(claim) = filter.claim {
        query = query.filter(claim_actions::claim_id.eq(claim));
    }
    let rows: Vec<Filed> = query.load(&mut tx.conn()).await.map_err(Error::from)?;
    Ok(Phi::new(page.page(rows, |filed| filed.action.id)))
}

/// Those of one claim, the oldest first.
pub async fn of_claim(tx: &Tx<'_>, claim: ClaimId) -> Result<Vec<ClaimAction>, Failure> {
    let query = claim_actions::table
        .filter(claim_actions::practice_id.eq(tx.practice()))
        .filter(claim_actions::claim_id.eq(claim))
        .order(claim_actions::id)
        .select(ClaimAction::as_select());
    Ok(query.load(&mut tx.conn()).await.map_err(Error::from)?)
}

/// Puts a new one in place when the transaction commits.
pub fn insert_at_commit(tx: &Tx<'_>, action: ClaimAction) {
    let action = Arc::new(action);
    tx.defer(move |tx| {
        let action = Arc::clone(&action);
        Box::pin(async move {
            let insert = diesel::insert_into(claim_actions::table).values(&*action);
            insert.execute(&mut tx.conn()).await.explain(|refused| match refused {
                Refused::Taken("claim_actions_open_key") => Some(error::Error::Open.into()),
                Refused::Taken(_) | Refused::Dangling(_) => None,
            })?;
            Ok(())
        })
    });
}

/// Writes how one ended that was locked, when the transaction commits. What was asked for never changes.
pub fn save_at_commit(tx: &Tx<'_>, action: ClaimAction) {
    let action = Arc::new(action);
    tx.defer(move |tx| {
        let action = Arc::clone(&action);
        Box::pin(async move {
            let target = claim_actions::table
                .find((tx.practice(), action.id))
                .filter(claim_actions::version.eq(action.version - 1));
            let update = diesel::update(target).set((
                claim_actions::state.eq(action.state),
                claim_actions::decided_by.eq(action.decided_by),
                claim_actions::decided_at.eq(action.decided_at),
                claim_actions::decision_note.eq(&action.decision_note),
                claim_actions::version.eq(action.version),
                claim_actions::updated_at.eq(action.updated_at),
            ));
            match update.execute(&mut tx.conn()).await.map_err(Error::from)? {
                1 => Ok(()),
                _ => Err(etag::mismatch()),
            }
        })
    });
}
