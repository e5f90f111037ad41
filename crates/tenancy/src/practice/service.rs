//! `PracticeService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.

use audit::vault::once;
use audit::{Action, Change, Entry, Vault};
use kernel::access::{Actor, Denied, Identity, Standing};
use kernel::id::{PracticeId, RequestId, UserId};
use kernel::mask::Mask;
use kernel::{Call, Failure, Phi, Role, Scope, Violations, answer, etag};
use sha2::{Digest, Sha256};
use therapy_claims::tenancy::v1 as pb;
use tonic::{Request, Response, Status};

use super::{Practice, convert, store};
use crate::directory::Directory;
use crate::membership::{self, Membership};
use crate::user;

/// Serves practices.
#[derive(Debug, Clone)]
pub struct Practices {
    vault: Vault,
    directory: Directory,
}

impl Practices {
    #[must_use]
    pub const fn new(vault: Vault, directory: Directory) -> Self {
        Self { vault, directory }
    }
}

#[tonic::async_trait]
impl pb::practice_service_server::PracticeService for Practices {
    async fn create_practice(
        &self,
        request: Request<pb::CreatePracticeRequest>,
    ) -> Result<Response<pb::Practice>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let identity = ctx.identity()?;
            let (founder, is_settled) = founder(identity)?;
            let own = Scope::practiceless(identity, ctx.facts());
            let id = id_of_new(&own, &message.request_id);
            let scope = own.founding(id);
            let mut v = Violations::new();
            let once = once(&mut v, &scope, &message.request_id, &message);
            v.set_prefix("practice.");
            let practice = convert::new(&mut v, &scope, id, &message.practice.unwrap_or_default());
            let practice = v.done(practice)?;
            let created = self
                .vault
                .write(&scope, once.as_ref(), || {
                    async |tx| {
                        store::insert(tx, &practice).await?;
                        let owner = Membership::new(&scope, founder, Role::Admin, true, None);
                        membership::store::insert(tx, &owner).await?;
                        if !is_settled {
                            user::store::set_active_practice(tx, founder, id).await?;
                        }
                        let place = Entry::bare(&scope, Action::PermissionChange, "membership").with(founder.uuid());
                        Ok(changed(&scope, Action::Create, practice.clone()).and(place))
                    }
                })
                .await?;
            self.directory.forget(&identity.key_id).await;
            Ok(created)
        })
        .await
    }

    async fn get_practice(&self, request: Request<pb::GetPracticeRequest>) -> Result<Response<pb::Practice>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.id("id", &message.id);
            own_practice(scope, v.done(id)?)?;
            let practice = self.vault.db().read_one(scope, async |tx| store::get(tx).await).await?;
            Ok(convert::to_pb(scope.acting_as(), practice))
        })
        .await
    }

    async fn update_practice(
        &self,
        request: Request<pb::UpdatePracticeRequest>,
    ) -> Result<Response<pb::Practice>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let mask = Mask::parse(&mut v, message.update_mask.as_ref(), convert::UPDATABLE);
            v.set_prefix("practice.");
            let practice = message.practice.unwrap_or_default();
            let id = v.id("id", &practice.id);
            let expected = etag::expected(&mut v, "etag", &practice.etag);
            let patch = convert::patch(&mut v, &mask, &practice);
            let patch = v.done(patch)?;
            own_practice(scope, id)?;
            self.vault
                .write(scope, once.as_ref(), || {
                    async |tx| {
                        let practice = store::update(tx, expected, &patch).await?;
                        Ok(changed(scope, Action::Update, practice))
                    }
                })
                .await
        })
        .await
    }

    async fn list_practices(
        &self,
        request: Request<pb::ListPracticesRequest>,
    ) -> Result<Response<pb::ListPracticesResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let identity = ctx.identity()?;
            let own = Scope::practiceless(identity, ctx.facts());
            let mut v = Violations::new();
            let page = own.page(&mut v, message.page_size, &message.page_token, &identity.actor);
            let page = v.done(page)?;
            let read = async |tx: &schema::Tx<'_>| store::list_of_caller(tx, identity.actor, own.now(), &page).await;
            let found = self.vault.db().read_one(&own, read).await?;
            let found = found.map(|practice| convert::to_pb(role_in(identity, practice.id), practice));
            Ok(pb::ListPracticesResponse { practices: found.items, next_page_token: found.next_page_token })
        })
        .await
    }
}

fn changed(scope: &Scope, action: Action, practice: Practice) -> Change<pb::Practice> {
    let entry = Entry::bare(scope, action, "practice").with(practice.id.uuid());
    Change::recorded(entry, Phi::new(convert::to_pb(scope.acting_as(), practice)))
}

/// Who founds the practice, and whether another one is active for that person.
fn founder(identity: &Identity) -> Result<(UserId, bool), Failure> {
    match (identity.actor, &identity.standing) {
        (Actor::User(user), Standing::Person { is_verified: true, active_practice_id, .. }) => {
            Ok((user, active_practice_id.is_some()))
        }
        (Actor::User(_), Standing::Person { is_verified: false, .. }) => Err(Denied::NotVerified.into()),
        (Actor::User(_) | Actor::Service(_) | Actor::System, _) => Err(Denied::Permission.into()),
    }
}

/// The id of a practice to be created. It follows from the caller and the `request_id`, since a repeat must find the
/// practice in which the first answer is stored.
fn id_of_new(own: &Scope, request_id: &str) -> PracticeId {
    let Ok(request) = request_id.parse::<RequestId>() else { return PracticeId::new() };
    let hash = Sha256::new().chain_update(own.actor_id()).chain_update(request.uuid()).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(byte, from)| *byte = from);
    PracticeId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// Another practice is answered like one that does not exist.
fn own_practice(scope: &Scope, id: PracticeId) -> Result<(), Failure> {
    if id == scope.practice() { Ok(()) } else { Err(Failure::not_found("practice", id)) }
}

/// What the caller is in one of the own practices.
fn role_in(identity: &Identity, practice: PracticeId) -> &'static str {
    match &identity.standing {
        Standing::Person { memberships, .. } => {
            memberships.iter().find(|m| m.practice_id == practice).map_or("self", |m| m.role.as_str())
        }
        Standing::Machine { .. } => "service",
    }
}
