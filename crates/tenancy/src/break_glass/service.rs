//! `BreakGlassService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.

use audit::vault::once;
use audit::{Action, Change, Vault};
use kernel::id::BreakGlassId;
use kernel::{Call, Failure, Phi, Scope, Violations, answer, etag};
use schema::Once;
use therapy_claims::tenancy::v1 as pb;
use tonic::{Request, Response, Status};

use super::{BreakGlass, convert, store, user};
use crate::directory::Directory;

/// Serves access in an emergency.
#[derive(Debug, Clone)]
pub struct BreakGlasses {
    vault: Vault,
    directory: Directory,
}

impl BreakGlasses {
    #[must_use]
    pub const fn new(vault: Vault, directory: Directory) -> Self {
        Self { vault, directory }
    }

    /// Locks it, compares the etag, changes it in memory and writes it.
    async fn change(
        &self,
        scope: &Scope,
        once: Option<&Once>,
        id: BreakGlassId,
        expected: Option<i64>,
        edit: impl Fn(&mut BreakGlass) -> Result<(), Failure> + Sync,
    ) -> Result<pb::BreakGlass, Failure> {
        let edit = &edit;
        let changed = self
            .vault
            .write(scope, once, || {
                async move |tx| {
                    let mut glass = store::lock(tx, id).await?;
                    etag::check(expected, glass.version)?;
                    edit(&mut glass)?;
                    store::save(tx, &glass).await?;
                    Ok(changed(scope, glass))
                }
            })
            .await?;
        self.directory.forget(scope.key_id()).await;
        Ok(changed)
    }
}

fn changed(scope: &Scope, glass: BreakGlass) -> Change<pb::BreakGlass> {
    Change::of(scope, Action::BreakGlass, &glass.clone(), Phi::new(convert::to_pb(glass)))
}

#[tonic::async_trait]
impl pb::break_glass_service_server::BreakGlassService for BreakGlasses {
    async fn open_break_glass(
        &self,
        request: Request<pb::OpenBreakGlassRequest>,
    ) -> Result<Response<pb::BreakGlass>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let patient = v.id("patient_id", &message.patient_id);
            let reason = convert::reason(&mut v, &message.reason);
            let minutes = convert::minutes(&mut v, message.minutes);
            let reason = v.done(reason)?;
            let glass = &BreakGlass::open(scope, user(scope)?, patient, reason, minutes);
            let opened = self
                .vault
                .write(scope, once.as_ref(), || {
                    async move |tx| {
                        store::insert(tx, glass).await?;
                        Ok(changed(scope, glass.clone()))
                    }
                })
                .await?;
            // what is kept of the caller doesn't know of it yet
            self.directory.forget(scope.key_id()).await;
            Ok(opened)
        })
        .await
    }

    async fn close_break_glass(
        &self,
        request: Request<pb::CloseBreakGlassRequest>,
    ) -> Result<Response<pb::BreakGlass>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let id = v.done(id)?;
            self.change(scope, once.as_ref(), id, None, |glass| glass.close(scope.now())).await
        })
        .await
    }

    async fn list_break_glasses(
        &self,
        request: Request<pb::ListBreakGlassesRequest>,
    ) -> Result<Response<pb::ListBreakGlassesResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let page = scope.page(&mut v, message.page_size, &message.page_token, &message.unreviewed);
            let page = v.done(page)?;
            let listed =
                self.vault.read_one(scope, async |tx| store::list(tx, message.unreviewed, &page).await).await?;
            Ok(pb::ListBreakGlassesResponse {
                break_glasses: listed.items.into_iter().map(convert::to_pb).collect(),
                next_page_token: listed.next_page_token,
            })
        })
        .await
    }

    async fn review_break_glass(
        &self,
        request: Request<pb::ReviewBreakGlassRequest>,
    ) -> Result<Response<pb::BreakGlass>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let verdict = convert::verdict(&mut v, message.verdict);
            let note = convert::note(&mut v, &message.note);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            let note = v.done(note)?;
            self.change(scope, once.as_ref(), id, expected, |glass| glass.review(scope, verdict, note.clone())).await
        })
        .await
    }
}
