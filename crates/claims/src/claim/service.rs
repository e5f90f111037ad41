//! `ClaimService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.

use audit::Vault;
use audit::vault::once;
use feed::Hub;
use kernel::mask::Mask;
use kernel::{Call, Violations, answer, etag};
use schema::Tx;
use therapy_claims::claims::v1 as pb;
use tonic::{Request, Response, Status};

use super::desk::Desk;
use super::{convert, proof, ready, store, timeline};
use crate::draft::Drafter;
use crate::payer::Payers;

/// Serves claims.
#[derive(Debug, Clone)]
pub struct Claims {
    vault: Vault,
    payers: Payers,
    desk: Desk,
}

impl Claims {
    #[must_use]
    pub fn new(vault: Vault, payers: Payers, hub: Hub) -> Self {
        let drafter = Drafter::new(payers.clone(), hub.clone());
        Self { vault, payers, desk: Desk { hub, drafter } }
    }
}

#[tonic::async_trait]
impl pb::claim_service_server::ClaimService for Claims {
    async fn create_claim(&self, request: Request<pb::CreateClaimRequest>) -> Result<Response<pb::Claim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let session = v.id("session_id", &message.session_id);
            let coverage = v.optional_id("coverage_id", &message.coverage_id);
            v.done(())?;
            // at hand before a transaction would wait for it
            self.payers.list().await?;
            let desk = &self.desk;
            self.vault
                .write(scope, once.as_ref(), || {
                    async move |tx: &Tx<'_>| Box::pin(desk.create(tx, session, coverage)).await
                })
                .await
        })
        .await
    }

    async fn get_claim(&self, request: Request<pb::GetClaimRequest>) -> Result<Response<pb::Claim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.id("id", &message.id);
            let id = v.done(id)?;
            let bill = self.vault.read_one(scope, async |tx| store::get(tx, id).await).await?;
            Ok(convert::to_pb(bill, scope.is_masked()))
        })
        .await
    }

    async fn batch_get_claims(
        &self,
        request: Request<pb::BatchGetClaimsRequest>,
    ) -> Result<Response<pb::BatchGetClaimsResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let ids = convert::ids(&mut v, &message.ids);
            let ids = v.done(ids)?;
            let bills = self.vault.read_one(scope, async |tx| store::get_all(tx, &ids).await).await?;
            let claims = bills.into_iter().map(|bill| convert::to_pb(bill, scope.is_masked())).collect();
            Ok(pb::BatchGetClaimsResponse { claims })
        })
        .await
    }

    async fn list_claims(
        &self,
        request: Request<pb::ListClaimsRequest>,
    ) -> Result<Response<pb::ListClaimsResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let filter = convert::filter(&mut v, &message);
            let page = scope.page(&mut v, message.page_size, &message.page_token, &filter);
            let page = v.done(page)?;
            let found = self.vault.read(scope, async |tx| store::list(tx, &filter, &page).await).await?;
            Ok(pb::ListClaimsResponse {
                claims: found.bills.items.into_iter().map(|bill| convert::to_pb(bill, scope.is_masked())).collect(),
                next_page_token: found.bills.next_page_token,
                as_of_position: found.as_of_position,
            })
        })
        .await
    }

    async fn update_claim(&self, request: Request<pb::UpdateClaimRequest>) -> Result<Response<pb::Claim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let mask = Mask::parse(&mut v, message.update_mask.as_ref(), convert::UPDATABLE);
            let claim = message.claim.unwrap_or_default();
            v.set_prefix("claim.");
            let id = v.id("id", &claim.id);
            let expected = etag::required(&mut v, "etag", &claim.etag);
            let patch = convert::patch(&mut v, &mask, &claim);
            let patch = &v.done(patch)?;
            let (desk, payers) = (&self.desk, &*self.payers.list().await?);
            self.vault
                .write(scope, once.as_ref(), || {
                    async move |tx| Box::pin(desk.update(tx, payers, id, expected, patch.clone())).await
                })
                .await
        })
        .await
    }

    async fn validate_claim(
        &self,
        request: Request<pb::ValidateClaimRequest>,
    ) -> Result<Response<pb::ValidateClaimResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.id("id", &message.id);
            let id = v.done(id)?;
            let payers = self.payers.list().await?;
            let checked = self.vault.read(scope, async |tx| Box::pin(ready::check(tx, &payers, id)).await).await?;
            Ok(checked.into_pb(scope.is_masked()))
        })
        .await
    }

    async fn mark_ready(&self, request: Request<pb::MarkReadyRequest>) -> Result<Response<pb::Claim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            let accepted = convert::codes(&mut v, "acknowledged_codes", &message.acknowledged_codes);
            let accepted = v.done(accepted)?;
            let (desk, payers) = (&self.desk, &*self.payers.list().await?);
            let ruling = self.vault.write(scope, once.as_ref(), || {
                async move |tx: &Tx<'_>| Box::pin(desk.mark_ready(tx, payers, id, expected, accepted)).await
            });
            ruling.await?.into_answer()
        })
        .await
    }

    async fn submit_claim(&self, request: Request<pb::SubmitClaimRequest>) -> Result<Response<pb::Claim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            v.done(())?;
            let (desk, payers) = (&self.desk, &*self.payers.list().await?);
            let ruling = self.vault.write(scope, once.as_ref(), || {
                async move |tx: &Tx<'_>| Box::pin(desk.submit(tx, payers, id, expected)).await
            });
            ruling.await?.into_answer()
        })
        .await
    }

    async fn batch_submit_claims(
        &self,
        request: Request<pb::BatchSubmitClaimsRequest>,
    ) -> Result<Response<pb::BatchSubmitClaimsResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let ids = convert::ids(&mut v, &message.ids);
            let ids = &v.done(ids)?;
            let (desk, payers) = (&self.desk, &*self.payers.list().await?);
            self.vault
                .write(scope, once.as_ref(), || {
                    async move |tx: &Tx<'_>| Box::pin(desk.submit_batch(tx, payers, ids)).await
                })
                .await
        })
        .await
    }

    async fn hold_claim(&self, request: Request<pb::HoldClaimRequest>) -> Result<Response<pb::Claim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            v.done(())?;
            let desk = &self.desk;
            self.vault.write(scope, once.as_ref(), || async move |tx| desk.hold(tx, id, expected).await).await
        })
        .await
    }

    async fn release_claim(&self, request: Request<pb::ReleaseClaimRequest>) -> Result<Response<pb::Claim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            v.done(())?;
            let (desk, payers) = (&self.desk, &*self.payers.list().await?);
            let body = || async move |tx: &Tx<'_>| Box::pin(desk.release(tx, payers, id, expected)).await;
            self.vault.write(scope, once.as_ref(), body).await
        })
        .await
    }

    async fn create_replacement(
        &self,
        request: Request<pb::CreateReplacementRequest>,
    ) -> Result<Response<pb::Claim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("claim_id", &message.claim_id);
            let expected = etag::expected(&mut v, "claim_etag", &message.claim_etag);
            v.done(())?;
            let (desk, payers) = (&self.desk, &*self.payers.list().await?);
            let body = || async move |tx: &Tx<'_>| Box::pin(desk.replace(tx, payers, id, expected)).await;
            self.vault.write(scope, once.as_ref(), body).await
        })
        .await
    }

    async fn create_secondary(
        &self,
        request: Request<pb::CreateSecondaryRequest>,
    ) -> Result<Response<pb::Claim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("claim_id", &message.claim_id);
            let coverage = v.optional_id("coverage_id", &message.coverage_id);
            let expected = etag::expected(&mut v, "claim_etag", &message.claim_etag);
            v.done(())?;
            let (desk, payers) = (&self.desk, &*self.payers.list().await?);
            let body = || async move |tx: &Tx<'_>| Box::pin(desk.bill_next(tx, payers, id, coverage, expected)).await;
            self.vault.write(scope, once.as_ref(), body).await
        })
        .await
    }

    async fn cancel_claim(&self, request: Request<pb::CancelClaimRequest>) -> Result<Response<pb::Claim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            v.done(())?;
            let desk = &self.desk;
            self.vault.write(scope, once.as_ref(), || async move |tx| desk.cancel(tx, id, expected).await).await
        })
        .await
    }

    async fn close_denial(&self, request: Request<pb::CloseDenialRequest>) -> Result<Response<pb::Claim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            v.done(())?;
            let desk = &self.desk;
            self.vault.write(scope, once.as_ref(), || async move |tx| desk.close_denial(tx, id, expected).await).await
        })
        .await
    }

    async fn get_claim_timeline(
        &self,
        request: Request<pb::GetClaimTimelineRequest>,
    ) -> Result<Response<pb::GetClaimTimelineResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.id("id", &message.id);
            let page = scope.page(&mut v, message.page_size, &message.page_token, &message.id);
            let page = v.done(page)?;
            let found = self.vault.read(scope, async |tx| timeline::read(tx, id, &page).await).await?;
            Ok(found.into_pb(scope.is_masked()))
        })
        .await
    }

    async fn get_timely_filing_proof(
        &self,
        request: Request<pb::GetTimelyFilingProofRequest>,
    ) -> Result<Response<pb::TimelyFilingProof>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.id("id", &message.id);
            let id = v.done(id)?;
            self.vault.read_one(scope, async |tx| proof::read(tx, id).await).await?.into_pb()
        })
        .await
    }
}
