//! `AuditService`: every answer leaves one entry, which names the positions that were shown.

use kernel::id::PatientId;
use kernel::{Call, Failure, Page, Phi, Scope, Violations, answer};
use therapy_claims::audit::v1 as pb;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::export::Exports;
use super::{Record, convert, looks, store};
use crate::vault::Vault;

/// Serves the trail of the caller's practice.
#[derive(Debug, Clone)]
pub struct Trail {
    vault: Vault,
    exports: Exports,
}

impl Trail {
    #[must_use]
    pub const fn new(vault: Vault, exports: Exports) -> Self {
        Self { vault, exports }
    }

    async fn disclose(
        &self,
        scope: &Scope,
        asked_for: Option<PatientId>,
        found: Phi<Page<Record>>,
    ) -> Result<Page<pb::AuditEntry>, Failure> {
        let mut entries = looks(scope, asked_for, &found.peek().items);
        let last = entries.pop().ok_or_else(|| Failure::internal("a look without an entry"))?;
        for entry in entries {
            self.vault.batcher().record(entry).await?;
        }
        Ok(self.vault.disclose_as(scope, last, found).await?.map(convert::to_pb))
    }
}

#[tonic::async_trait]
impl pb::audit_service_server::AuditService for Trail {
    type ExportEntriesStream = ReceiverStream<Result<pb::ExportEntriesResponse, Status>>;

    async fn export_entries(
        &self,
        request: Request<pb::ExportEntriesRequest>,
    ) -> Result<Response<Self::ExportEntriesStream>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let mut v = Violations::new();
            let asked = convert::exported(&mut v, ctx.scope()?.now(), &message);
            let (filter, after) = v.done(asked)?;
            Ok(ReceiverStream::new(self.exports.open(&self.vault, &ctx, filter, after).await?))
        })
        .await
    }

    async fn list_entries(
        &self,
        request: Request<pb::ListEntriesRequest>,
    ) -> Result<Response<pb::ListEntriesResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let filter = convert::filter(&mut v, &message);
            let page = scope.page(&mut v, message.page_size, &message.page_token, &filter);
            let page = v.done(page)?;
            let found = self.vault.db().read_one(scope, async |tx| store::list(tx, &filter, &page).await).await?;
            let shown = self.disclose(scope, None, found).await?;
            Ok(pb::ListEntriesResponse { entries: shown.items, next_page_token: shown.next_page_token })
        })
        .await
    }

    async fn list_patient_accesses(
        &self,
        request: Request<pb::ListPatientAccessesRequest>,
    ) -> Result<Response<pb::ListPatientAccessesResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let patient = v.id("patient_id", &message.patient_id);
            let filter = convert::access_filter(&mut v, patient, &message);
            let page = scope.page(&mut v, message.page_size, &message.page_token, &filter);
            let page = v.done(page)?;
            let read = async |tx: &schema::Tx<'_>| store::accesses(tx, patient, &filter, &page).await;
            let found = self.vault.db().read_one(scope, read).await?;
            let shown = self.disclose(scope, Some(patient), found).await?;
            Ok(pb::ListPatientAccessesResponse { entries: shown.items, next_page_token: shown.next_page_token })
        })
        .await
    }
}
