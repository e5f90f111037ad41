//! `RemittanceService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.

use audit::Vault;
use audit::vault::once;
use feed::Hub;
use kernel::{Call, Violations, answer, etag};
use therapy_claims::claims::v1 as pb;
use tonic::{Request, Response, Status};

use super::desk::Desk;
use super::{convert, store};
use crate::payer::Payers;

/// Serves remittances.
#[derive(Debug, Clone)]
pub struct Remittances {
    vault: Vault,
    payers: Payers,
    desk: Desk,
}

impl Remittances {
    #[must_use]
    pub const fn new(vault: Vault, payers: Payers, hub: Hub) -> Self {
        Self { vault, payers, desk: Desk { hub } }
    }
}

#[tonic::async_trait]
impl pb::remittance_service_server::RemittanceService for Remittances {
    async fn get_remittance(
        &self,
        request: Request<pb::GetRemittanceRequest>,
    ) -> Result<Response<pb::Remittance>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.id("id", &message.id);
            let id = v.done(id)?;
            let found = self.vault.read_one(scope, async |tx| store::get(tx, id).await).await?;
            Ok(convert::to_pb(found))
        })
        .await
    }

    async fn list_remittances(
        &self,
        request: Request<pb::ListRemittancesRequest>,
    ) -> Result<Response<pb::ListRemittancesResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let filter = convert::filter(&mut v, &message);
            let page = scope.page(&mut v, message.page_size, &message.page_token, &filter);
            let page = v.done(page)?;
            let listed = self.vault.read_one(scope, async |tx| store::list(tx, &filter, &page).await).await?;
            Ok(pb::ListRemittancesResponse {
                remittances: listed.items.into_iter().map(convert::to_pb).collect(),
                next_page_token: listed.next_page_token,
            })
        })
        .await
    }

    async fn list_remittance_claims(
        &self,
        request: Request<pb::ListRemittanceClaimsRequest>,
    ) -> Result<Response<pb::ListRemittanceClaimsResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let filter = convert::told_filter(&mut v, &message);
            let page = scope.page(&mut v, message.page_size, &message.page_token, &filter);
            let page = v.done(page)?;
            let listed = self.vault.read_one(scope, async |tx| store::list_told(tx, &filter, &page).await).await?;
            Ok(pb::ListRemittanceClaimsResponse {
                remittance_claims: listed.items.into_iter().map(|one| convert::told_to_pb(one.told)).collect(),
                next_page_token: listed.next_page_token,
            })
        })
        .await
    }

    async fn match_remittance_claim(
        &self,
        request: Request<pb::MatchRemittanceClaimRequest>,
    ) -> Result<Response<pb::RemittanceClaim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let wanted = convert::wanted(&mut v, &message);
            let wanted = &v.done(wanted)?;
            let (desk, payers) = (&self.desk, &self.payers.list().await?);
            let body = || async move |tx: &schema::Tx<'_>| Box::pin(desk.match_claim(tx, payers, wanted.clone())).await;
            self.vault.write(scope, once.as_ref(), body).await
        })
        .await
    }

    async fn unmatch_remittance_claim(
        &self,
        request: Request<pb::UnmatchRemittanceClaimRequest>,
    ) -> Result<Response<pb::RemittanceClaim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            v.done(())?;
            let (desk, codes) = (&self.desk, &self.payers.list().await?.codes);
            let body = || async move |tx: &schema::Tx<'_>| Box::pin(desk.unmatch(tx, codes, id, expected)).await;
            self.vault.write(scope, once.as_ref(), body).await
        })
        .await
    }

    async fn dismiss_remittance_claim(
        &self,
        request: Request<pb::DismissRemittanceClaimRequest>,
    ) -> Result<Response<pb::RemittanceClaim>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            let reason = convert::dismissal(&mut v, message.reason);
            v.done(())?;
            let desk = &self.desk;
            let body = || async move |tx: &schema::Tx<'_>| desk.dismiss(tx, id, expected, reason).await;
            self.vault.write(scope, once.as_ref(), body).await
        })
        .await
    }
}
