//! `ImportService`, and the same imports for the server's own commands.

use std::sync::Arc;

use audit::Vault;
use futures_util::Stream;
use kernel::{Call, Failure, Scope, answer};
use therapy_claims::clinical::v1 as pb;
use tonic::{Request, Response, Status, Streaming};

use super::patients::Patients;
use super::run;
use super::sessions::Sessions;
use super::therapists::Therapists;
use crate::session::complete::Completion;

/// Serves imports.
#[derive(Debug, Clone)]
pub struct Imports {
    vault: Vault,
    completion: Arc<dyn Completion>,
}

impl Imports {
    #[must_use]
    pub fn new(vault: Vault, completion: Arc<dyn Completion>) -> Self {
        Self { vault, completion }
    }

    /// Imports therapists.
    ///
    /// # Errors
    /// When the stream breaks off, or the database or the audit trail is away; what went in until then stays.
    pub async fn therapists(
        &self,
        scope: &Scope,
        rows: impl Stream<Item = Result<pb::ImportTherapistsRequest, Status>> + Unpin + Send,
    ) -> Result<pb::ImportTherapistsResponse, Failure> {
        Ok(pb::ImportTherapistsResponse { results: run(&self.vault, scope, &Therapists, rows).await? })
    }

    /// Imports patients with their coverages.
    ///
    /// # Errors
    /// As [`Self::therapists`].
    pub async fn patients(
        &self,
        scope: &Scope,
        rows: impl Stream<Item = Result<pb::ImportPatientsRequest, Status>> + Unpin + Send,
    ) -> Result<pb::ImportPatientsResponse, Failure> {
        Ok(pb::ImportPatientsResponse { results: run(&self.vault, scope, &Patients, rows).await? })
    }

    /// Imports sessions, and has the claims of those that were held drafted.
    ///
    /// # Errors
    /// As [`Self::therapists`].
    pub async fn sessions(
        &self,
        scope: &Scope,
        rows: impl Stream<Item = Result<pb::ImportSessionsRequest, Status>> + Unpin + Send,
    ) -> Result<pb::ImportSessionsResponse, Failure> {
        let sessions = Sessions(Arc::clone(&self.completion));
        Ok(pb::ImportSessionsResponse { results: run(&self.vault, scope, &sessions, rows).await? })
    }
}

#[tonic::async_trait]
impl pb::import_service_server::ImportService for Imports {
    async fn import_therapists(
        &self,
        request: Request<Streaming<pb::ImportTherapistsRequest>>,
    ) -> Result<Response<pb::ImportTherapistsResponse>, Status> {
        let Call { ctx, message: rows } = Call::of(request)?;
        answer(&ctx, async { self.therapists(ctx.scope()?, rows).await }).await
    }

    async fn import_patients(
        &self,
        request: Request<Streaming<pb::ImportPatientsRequest>>,
    ) -> Result<Response<pb::ImportPatientsResponse>, Status> {
        let Call { ctx, message: rows } = Call::of(request)?;
        answer(&ctx, async { self.patients(ctx.scope()?, rows).await }).await
    }

    async fn import_sessions(
        &self,
        request: Request<Streaming<pb::ImportSessionsRequest>>,
    ) -> Result<Response<pb::ImportSessionsResponse>, Status> {
        let Call { ctx, message: rows } = Call::of(request)?;
        answer(&ctx, async { self.sessions(ctx.scope()?, rows).await }).await
    }
}
