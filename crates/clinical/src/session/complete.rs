//! Completing a session, and drafting its claim in the same transaction.

use audit::{Action, Change};
use futures_util::future::BoxFuture;
use kernel::id::SessionId;
use kernel::{Failure, Phi, Scope, etag};
use schema::Tx;
use therapy_claims::clinical::v1 as pb;

use super::{convert, store};
use crate::billing::{self, Facts};

/// What happens to a session that took place: the claims side implements it.
pub trait Completion: std::fmt::Debug + Send + Sync {
    /// Drafts the claim of a session that is billable and stands as completed in `facts`. What it writes must travel
    /// with the transaction: statements, or better [`Tx::defer`] and [`Tx::at_commit`], which cost no flight.
    fn draft<'a>(&'a self, tx: &'a Tx<'_>, facts: &'a Facts) -> BoxFuture<'a, Result<Option<pb::ClaimDraft>, Failure>>;
}

/// The body of `CompleteSession`.
///
/// Two flights in all: the facts travel with BEGIN, and the session's row, the draft's rows, the stored answer, the
/// audit entry and the feed event with COMMIT.
pub(super) async fn complete(
    tx: &Tx<'_>,
    completion: &dyn Completion,
    scope: &Scope,
    id: SessionId,
    expected: Option<i64>,
) -> Result<Change<pb::CompleteSessionResponse>, Failure> {
    let mut facts = billing::lock(tx, id).await?;
    etag::check(expected, facts.session.version)?;
    facts.session.complete(scope.now())?;
    store::save_end(tx, &facts.session);
    let claim = if facts.session.is_billable() { completion.draft(tx, &facts).await? } else { None };
    let session = convert::to_pb(scope, facts.session.clone());
    let response = pb::CompleteSessionResponse { session: Some(session), claim };
    Ok(Change::of(scope, Action::Update, &facts.session, Phi::new(response)))
}
