//! `ClaimActionService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.

use audit::Vault;
use audit::vault::once;
use feed::Hub;
use kernel::{Call, Failure, Scope, Violations, answer, etag};
use schema::Once;
use therapy_claims::claims::v1 as pb;
use tonic::{Request, Response, Status};

use super::office::{Decision, Office};
use super::{ActionKind, Wanted, convert, store};
use crate::payer::Payers;

/// Serves claim actions.
#[derive(Debug, Clone)]
pub struct ClaimActions {
    vault: Vault,
    payers: Payers,
    office: Office,
}

/// A decision as it was read.
struct Decided<'a> {
    id: &'a str,
    note: &'a str,
    etag: &'a str,
    decision: Decision,
}

impl ClaimActions {
    #[must_use]
    pub const fn new(vault: Vault, payers: Payers, hub: Hub) -> Self {
        Self { vault, payers, office: Office { hub } }
    }

    async fn request(&self, scope: &Scope, once: Option<&Once>, wanted: &Wanted) -> Result<pb::ClaimAction, Failure> {
        let (office, payers) = (&self.office, &*self.payers.list().await?);
        let body = || async move |tx: &schema::Tx<'_>| Box::pin(office.request(tx, payers, wanted.clone())).await;
        self.vault.write(scope, once, body).await
    }

    async fn decide(
        &self,
        scope: &Scope,
        mut v: Violations,
        once: Option<&Once>,
        decided: Decided<'_>,
    ) -> Result<pb::ClaimAction, Failure> {
        let id = v.id("id", decided.id);
        let note = convert::note(&mut v, decided.note);
        let expected = etag::expected(&mut v, "etag", decided.etag);
        let note = &v.done(note)?;
        let (office, payers) = (&self.office, &*self.payers.list().await?);
        let body = || {
            async move |tx: &schema::Tx<'_>| {
                Box::pin(office.decide(tx, payers, id, expected, decided.decision, note.clone())).await
            }
        };
        self.vault.write(scope, once, body).await
    }
}

#[tonic::async_trait]
impl pb::claim_action_service_server::ClaimActionService for ClaimActions {
    async fn void_claim(&self, request: Request<pb::VoidClaimRequest>) -> Result<Response<pb::ClaimAction>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let pb::VoidClaimRequest { claim_id, reason, claim_etag, request_id: _ } = &message;
            let wanted = convert::wanted(&mut v, ActionKind::Void, claim_id, reason, claim_etag);
            let wanted = v.done(wanted)?;
            self.request(scope, once.as_ref(), &wanted).await
        })
        .await
    }

    async fn write_off_claim(
        &self,
        request: Request<pb::WriteOffClaimRequest>,
    ) -> Result<Response<pb::ClaimAction>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let pb::WriteOffClaimRequest { claim_id, reason, claim_etag, request_id: _ } = &message;
            let wanted = convert::wanted(&mut v, ActionKind::WriteOff, claim_id, reason, claim_etag);
            let wanted = v.done(wanted)?;
            self.request(scope, once.as_ref(), &wanted).await
        })
        .await
    }

    async fn override_timely_filing(
        &self,
        request: Request<pb::OverrideTimelyFilingRequest>,
    ) -> Result<Response<pb::ClaimAction>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let pb::OverrideTimelyFilingRequest { claim_id, reason, delay_reason_code, claim_etag, request_id: _ } =
                &message;
            let kind = ActionKind::TimelyFilingOverride;
            let mut wanted = convert::wanted(&mut v, kind, claim_id, reason, claim_etag);
            wanted.delay_reason_code = Some(convert::delay_reason(&mut v, delay_reason_code));
            let wanted = v.done(wanted)?;
            self.request(scope, once.as_ref(), &wanted).await
        })
        .await
    }

    async fn file_appeal(&self, request: Request<pb::FileAppealRequest>) -> Result<Response<pb::ClaimAction>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let pb::FileAppealRequest { claim_id, reason, deadline, claim_etag, request_id: _ } = &message;
            let mut wanted = convert::wanted(&mut v, ActionKind::Appeal, claim_id, reason, claim_etag);
            wanted.deadline = Some(v.date("deadline", deadline.map(Into::into)));
            let wanted = v.done(wanted)?;
            self.request(scope, once.as_ref(), &wanted).await
        })
        .await
    }

    async fn approve_claim_action(
        &self,
        request: Request<pb::ApproveClaimActionRequest>,
    ) -> Result<Response<pb::ClaimAction>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let pb::ApproveClaimActionRequest { id, note, etag, request_id: _ } = &message;
            self.decide(scope, v, once.as_ref(), Decided { id, note, etag, decision: Decision::Approve }).await
        })
        .await
    }

    async fn reject_claim_action(
        &self,
        request: Request<pb::RejectClaimActionRequest>,
    ) -> Result<Response<pb::ClaimAction>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let pb::RejectClaimActionRequest { id, note, etag, request_id: _ } = &message;
            self.decide(scope, v, once.as_ref(), Decided { id, note, etag, decision: Decision::Reject }).await
        })
        .await
    }

    async fn withdraw_claim_action(
        &self,
        request: Request<pb::WithdrawClaimActionRequest>,
    ) -> Result<Response<pb::ClaimAction>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            v.done(())?;
            let office = &self.office;
            self.vault.write(scope, once.as_ref(), || async move |tx| office.withdraw(tx, id, expected).await).await
        })
        .await
    }

    async fn get_claim_action(
        &self,
        request: Request<pb::GetClaimActionRequest>,
    ) -> Result<Response<pb::ClaimAction>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.id("id", &message.id);
            let id = v.done(id)?;
            let found = self.vault.read_one(scope, async |tx| store::get(tx, id).await).await?;
            Ok(convert::to_pb(found.action))
        })
        .await
    }

    async fn list_claim_actions(
        &self,
        request: Request<pb::ListClaimActionsRequest>,
    ) -> Result<Response<pb::ListClaimActionsResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let filter = convert::filter(&mut v, &message);
            let page = scope.page(&mut v, message.page_size, &message.page_token, &filter);
            let page = v.done(page)?;
            let listed = self.vault.read_one(scope, async |tx| store::list(tx, &filter, &page).await).await?;
            Ok(pb::ListClaimActionsResponse {
                claim_actions: listed.items.into_iter().map(|filed| convert::to_pb(filed.action)).collect(),
                next_page_token: listed.next_page_token,
            })
        })
        .await
    }
}
