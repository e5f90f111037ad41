//! `ImportService`.

use std::sync::Arc;

use audit::Vault;
use kernel::{Call, answer};
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
}

#[tonic::async_trait]
impl pb::import_service_server::ImportService for Imports {
    async fn import_therapists(
        &self,
        request: Request<Streaming<pb::ImportTherapistsRequest>>,
    ) -> Result<Response<pb::ImportTherapistsResponse>, Status> {
        let Call { ctx, message: rows } = Call::of(request)?;
        answer(&ctx, async {
            let results = run(&self.vault, ctx.scope()?, &Therapists, rows).await?;
            Ok(pb::ImportTherapistsResponse { results })
        })
        .await
    }

    async fn import_patients(
        &self,
        request: Request<Streaming<pb::ImportPatientsRequest>>,
    ) -> Result<Response<pb::ImportPatientsResponse>, Status> {
        let Call { ctx, message: rows } = Call::of(request)?;
        answer(&ctx, async {
            let results = run(&self.vault, ctx.scope()?, &Patients, rows).await?;
            Ok(pb::ImportPatientsResponse { results })
        })
        .await
    }

    async fn import_sessions(
        &self,
        request: Request<Streaming<pb::ImportSessionsRequest>>,
    ) -> Result<Response<pb::ImportSessionsResponse>, Status> {
        let Call { ctx, message: rows } = Call::of(request)?;
        let sessions = Sessions(Arc::clone(&self.completion));
        answer(&ctx, async {
            let results = run(&self.vault, ctx.scope()?, &sessions, rows).await?;
            Ok(pb::ImportSessionsResponse { results })
        })
        .await
    }
}
