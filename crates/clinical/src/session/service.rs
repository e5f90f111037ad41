//! `SessionService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.

use std::sync::Arc;

use audit::vault::once;
use audit::{Action, Change, Vault};
use futures_util::join;
use kernel::id::SessionId;
use kernel::mask::Mask;
use kernel::{Call, Failure, Phi, Scope, Violations, answer, etag};
use schema::Tx;
use therapy_claims::clinical::v1 as pb;
use tonic::{Request, Response, Status};

use super::complete::{Completion, complete};
use super::convert::Draft;
use super::{Move, Session, SessionFilter, convert, store};
use crate::billing::store::time_zone;
use crate::error::Error;
use crate::{patient, therapist};

/// Serves sessions.
#[derive(Debug, Clone)]
pub struct Sessions {
    vault: Vault,
    completion: Arc<dyn Completion>,
}

impl Sessions {
    #[must_use]
    pub fn new(vault: Vault, completion: Arc<dyn Completion>) -> Self {
        Self { vault, completion }
    }
}

/// The row as changed, with its entry and its answer.
fn changed(scope: &Scope, action: Action, session: Session) -> Change<pb::Session> {
    let row = session.clone();
    Change::of(scope, action, &row, Phi::new(session).map(|session| convert::to_pb(scope, session)))
}

/// Refuses a booking that the scope doesn't reach, or whose patient or therapist is deactivated.
async fn bookable(tx: &Tx<'_>, session: &Session) -> Result<(), Failure> {
    if tx.scope().therapist().is_some_and(|own| own != session.therapist_id) {
        return Err(Error::OwnSessionsOnly.into());
    }
    let (patient, therapist) =
        join!(patient::store::get(tx, session.patient_id), therapist::store::get(tx, session.therapist_id));
    if !patient?.peek().is_active {
        return Err(Error::PatientInactive.into());
    }
    if !therapist?.is_active {
        return Err(Error::TherapistInactive.into());
    }
    Ok(())
}

/// The body of `UpdateSession`.
async fn update(
    tx: &Tx<'_>,
    id: SessionId,
    expected: Option<i64>,
    mask: &Mask,
    draft: &Draft,
) -> Result<Change<pb::Session>, Failure> {
    let (session, time_zone) = join!(store::lock(tx, id), time_zone(tx));
    let old = session?.peek().clone();
    etag::check(expected, old.version)?;
    old.status.after(Move::Update)?;
    let mut new = old.clone();
    draft.apply(mask, &time_zone?, &mut new)?;
    if (new.patient_id, new.therapist_id) != (old.patient_id, old.therapist_id) {
        bookable(tx, &new).await?;
    }
    new.changed(tx.scope().now());
    store::save(tx, &new);
    Ok(changed(tx.scope(), Action::Update, new))
}

#[tonic::async_trait]
impl pb::session_service_server::SessionService for Sessions {
    async fn schedule_session(
        &self,
        request: Request<pb::ScheduleSessionRequest>,
    ) -> Result<Response<pb::Session>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            v.set_prefix("session.");
            let draft = Draft::read(&mut v, scope, &message.session.unwrap_or_default());
            draft.check_masked(&mut v, scope);
            let draft = &v.done(draft)?;
            self.vault
                .write(scope, once.as_ref(), || {
                    async move |tx| {
                        let (bookable, time_zone) = join!(bookable(tx, draft.session()), time_zone(tx));
                        bookable?;
                        let session = draft.dated(&time_zone?)?;
                        store::insert(tx, &session);
                        Ok(changed(scope, Action::Create, session))
                    }
                })
                .await
        })
        .await
    }

    async fn get_session(&self, request: Request<pb::GetSessionRequest>) -> Result<Response<pb::Session>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.id("id", &message.id);
            let id = v.done(id)?;
            let session = self.vault.read_one(scope, async |tx| store::get(tx, id).await).await?;
            Ok(convert::to_pb(scope, session))
        })
        .await
    }

    async fn update_session(
        &self,
        request: Request<pb::UpdateSessionRequest>,
    ) -> Result<Response<pb::Session>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let mask = Mask::parse(&mut v, message.update_mask.as_ref(), convert::updatable(scope));
            v.set_prefix("session.");
            let session = message.session.unwrap_or_default();
            let id = v.id("id", &session.id);
            let expected = etag::expected(&mut v, "etag", &session.etag);
            let draft = mask.read(&mut v, |v| Draft::read(v, scope, &session));
            let (mask, draft) = &v.done((mask, draft))?;
            self.vault
                .write(scope, once.as_ref(), || async move |tx| Box::pin(update(tx, id, expected, mask, draft)).await)
                .await
        })
        .await
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let filter = SessionFilter {
                patient_id: v.optional_id("patient_id", &message.patient_id),
                therapist_id: v.optional_id("therapist_id", &message.therapist_id),
                from: v.optional_date("from_date", message.from_date.map(Into::into)),
                to: v.optional_date("to_date", message.to_date.map(Into::into)),
                status: convert::status(&mut v, "status", message.status),
            };
            let page = scope.page(&mut v, message.page_size, &message.page_token, &filter);
            let page = v.done(page)?;
            let found = self.vault.read_one(scope, async |tx| store::list(tx, &filter, &page).await).await?;
            let found = found.map(|session| convert::to_pb(scope, session));
            Ok(pb::ListSessionsResponse { sessions: found.items, next_page_token: found.next_page_token })
        })
        .await
    }

    async fn complete_session(
        &self,
        request: Request<pb::CompleteSessionRequest>,
    ) -> Result<Response<pb::CompleteSessionResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            v.done(())?;
            let completion = &*self.completion;
            self.vault
                .write(scope, once.as_ref(), || async move |tx| complete(tx, completion, scope, id, expected).await)
                .await
        })
        .await
    }

    async fn cancel_session(
        &self,
        request: Request<pb::CancelSessionRequest>,
    ) -> Result<Response<pb::Session>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            let reason = convert::cancellation_reason(&mut v, "reason", &message.reason);
            let reason = &v.done(reason)?;
            self.vault
                .write(scope, once.as_ref(), || {
                    async move |tx| {
                        let mut session = store::lock(tx, id).await?.peek().clone();
                        etag::check(expected, session.version)?;
                        session.cancel(reason.clone(), scope.now())?;
                        store::save_end(tx, &session);
                        Ok(changed(scope, Action::Update, session))
                    }
                })
                .await
        })
        .await
    }
}
