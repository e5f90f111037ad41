//! `TherapistService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.
//!
//! Therapists are not PHI: reads go straight to the database, changes leave their entry all the same.

use audit::vault::once;
use audit::{Action, Change, Vault};
use futures_util::join;
use kernel::id::TherapistId;
use kernel::mask::Mask;
use kernel::{Call, Failure, Phi, Scope, Violations, answer, etag};
use schema::Once;
use therapy_claims::clinical::v1 as pb;
use tonic::{Request, Response, Status};

use super::{Therapist, TherapistFilter, convert, store};
use crate::network_status::{self, NetworkStatusFilter};

/// Serves therapists and how they stand with payers.
#[derive(Debug, Clone)]
pub struct Therapists {
    vault: Vault,
}

impl Therapists {
    #[must_use]
    pub const fn new(vault: Vault) -> Self {
        Self { vault }
    }

    /// Locks the therapist, compares the etag, changes the row in memory and sends it with the commit.
    async fn change(
        &self,
        scope: &Scope,
        action: Action,
        once: Option<&Once>,
        id: TherapistId,
        expected: Option<i64>,
        edit: impl Fn(&mut Therapist) -> Result<(), Failure> + Sync,
    ) -> Result<pb::Therapist, Failure> {
        let edit = &edit;
        self.vault
            .write(scope, once, || {
                async move |tx| {
                    let mut therapist = store::lock(tx, id).await?;
                    etag::check(expected, therapist.version)?;
                    edit(&mut therapist)?;
                    therapist.version += 1;
                    therapist.updated_at = scope.now();
                    store::save(tx, &therapist);
                    Ok(changed(scope, action, therapist))
                }
            })
            .await
    }
}

fn changed(scope: &Scope, action: Action, therapist: Therapist) -> Change<pb::Therapist> {
    let row = therapist.clone();
    Change::of(scope, action, &row, Phi::new(convert::to_pb(therapist)))
}

#[tonic::async_trait]
impl pb::therapist_service_server::TherapistService for Therapists {
    async fn create_therapist(
        &self,
        request: Request<pb::CreateTherapistRequest>,
    ) -> Result<Response<pb::Therapist>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            v.set_prefix("therapist.");
            let therapist = convert::new(&mut v, scope, &message.therapist.unwrap_or_default());
            let therapist = &v.done(therapist)?;
            self.vault
                .write(scope, once.as_ref(), || {
                    async move |tx| {
                        store::insert(tx, therapist);
                        Ok(changed(scope, Action::Create, therapist.clone()))
                    }
                })
                .await
        })
        .await
    }

    async fn get_therapist(
        &self,
        request: Request<pb::GetTherapistRequest>,
    ) -> Result<Response<pb::Therapist>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.id("id", &message.id);
            let id = v.done(id)?;
            let therapist = self.vault.db().read_one(scope, async |tx| store::get(tx, id).await).await?;
            Ok(convert::to_pb(therapist))
        })
        .await
    }

    async fn update_therapist(
        &self,
        request: Request<pb::UpdateTherapistRequest>,
    ) -> Result<Response<pb::Therapist>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let mask = Mask::parse(&mut v, message.update_mask.as_ref(), convert::UPDATABLE);
            v.set_prefix("therapist.");
            let therapist = message.therapist.unwrap_or_default();
            let id = v.id("id", &therapist.id);
            let expected = etag::expected(&mut v, "etag", &therapist.etag);
            let new = mask.read(&mut v, |v| convert::new(v, scope, &therapist));
            let new = v.done(new)?;
            self.change(scope, Action::Update, once.as_ref(), id, expected, |row| {
                convert::apply(&mask, new.clone(), row)
            })
            .await
        })
        .await
    }

    async fn list_therapists(
        &self,
        request: Request<pb::ListTherapistsRequest>,
    ) -> Result<Response<pb::ListTherapistsResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let filter = TherapistFilter {
                include_inactive: message.include_inactive,
                npi: v.optional_text("npi", &message.npi, 10),
            };
            let page = scope.page(&mut v, message.page_size, &message.page_token, &filter);
            let page = v.done(page)?;
            let found = self.vault.db().read_one(scope, async |tx| store::list(tx, &filter, &page).await).await?;
            let found = found.map(convert::to_pb);
            Ok(pb::ListTherapistsResponse { therapists: found.items, next_page_token: found.next_page_token })
        })
        .await
    }

    async fn deactivate_therapist(
        &self,
        request: Request<pb::DeactivateTherapistRequest>,
    ) -> Result<Response<pb::Therapist>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            v.done(())?;
            let deactivate = |therapist: &mut Therapist| {
                therapist.is_active = false;
                Ok(())
            };
            self.change(scope, Action::Delete, once.as_ref(), id, expected, deactivate).await
        })
        .await
    }

    async fn set_network_status(
        &self,
        request: Request<pb::SetNetworkStatusRequest>,
    ) -> Result<Response<pb::NetworkStatus>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            v.set_prefix("network_status.");
            let status = network_status::convert::new(&mut v, scope, &message.network_status.unwrap_or_default());
            let status = &v.done(status)?;
            self.vault
                .write(scope, once.as_ref(), || {
                    async move |tx| {
                        let others = network_status::store::since(
                            tx,
                            status.therapist_id,
                            &status.payer_id,
                            status.effective_from,
                        );
                        let (therapist, others) = join!(store::lock(tx, status.therapist_id), others);
                        therapist?;
                        let settlement = status.clone().settle(&others?)?;
                        network_status::store::settle(tx, &settlement);
                        let response = Phi::new(network_status::convert::to_pb(settlement.current.clone()));
                        Ok(Change::of(scope, Action::Update, &settlement, response))
                    }
                })
                .await
        })
        .await
    }

    async fn list_network_statuses(
        &self,
        request: Request<pb::ListNetworkStatusesRequest>,
    ) -> Result<Response<pb::ListNetworkStatusesResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let filter = NetworkStatusFilter {
                therapist_id: v.optional_id("therapist_id", &message.therapist_id),
                payer_id: v.optional_text("payer_id", &message.payer_id, 80),
                effective_on: v.optional_date("effective_on", message.effective_on.map(Into::into)),
            };
            let page = scope.page(&mut v, message.page_size, &message.page_token, &filter);
            let page = v.done(page)?;
            let list = async |tx: &schema::Tx<'_>| network_status::store::list(tx, &filter, &page).await;
            let found = self.vault.db().read_one(scope, list).await?.map(network_status::convert::to_pb);
            Ok(pb::ListNetworkStatusesResponse {
                network_statuses: found.items,
                next_page_token: found.next_page_token,
            })
        })
        .await
    }
}
