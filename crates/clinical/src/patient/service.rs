//! `PatientService`. Each handler makes the same moves: context, parse, scope, transaction, convert, answer.

use std::sync::Arc;

use audit::vault::once;
use audit::{Action, Change, Vault};
use kernel::id::PatientId;
use kernel::mask::Mask;
use kernel::{Call, Failure, Phi, Scope, Violations, answer, etag};
use schema::Once;
use therapy_claims::clinical::v1 as pb;
use tonic::{Request, Response, Status};

use super::{PatientFilter, PatientPatch, convert, store};
use crate::coverage;
use crate::coverage::service::Dependents;

/// Serves patients and their coverages.
#[derive(Debug, Clone)]
pub struct Patients {
    vault: Vault,
    dependents: Option<Arc<dyn Dependents>>,
}

impl Patients {
    #[must_use]
    pub const fn new(vault: Vault) -> Self {
        Self { vault, dependents: None }
    }

    /// Tells somebody in the same transaction when a coverage changes.
    #[must_use]
    pub fn telling(self, dependents: Arc<dyn Dependents>) -> Self {
        Self { dependents: Some(dependents), ..self }
    }

    /// Locks the patient, compares the etag and applies the patch.
    async fn change(
        &self,
        scope: &Scope,
        action: Action,
        once: Option<&Once>,
        id: PatientId,
        expected: Option<i64>,
        patch: &PatientPatch,
    ) -> Result<pb::Patient, Failure> {
        self.vault
            .write(scope, once, || {
                async |tx| {
                    let version = store::lock(tx, id).await?.peek().version;
                    etag::check(expected, version)?;
                    let patient = store::update(tx, id, version, patch).await?;
                    Ok(Change::of(scope, action, &patient.clone(), patient.map(convert::to_pb)))
                }
            })
            .await
    }
}

#[tonic::async_trait]
impl pb::patient_service_server::PatientService for Patients {
    async fn create_patient(
        &self,
        request: Request<pb::CreatePatientRequest>,
    ) -> Result<Response<pb::Patient>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            v.set_prefix("patient.");
            let patient = convert::new(&mut v, scope, &message.patient.unwrap_or_default());
            let mut patient = v.done(patient)?;
            // a therapist's new patient is its own, or it could not see it again
            patient.therapist_id = patient.therapist_id.or_else(|| scope.therapist());
            let patient = &patient;
            self.vault
                .write(scope, once.as_ref(), || {
                    async move |tx| {
                        store::insert(tx, patient);
                        Ok(Change::of(scope, Action::Create, patient, Phi::new(convert::to_pb(patient.clone()))))
                    }
                })
                .await
        })
        .await
    }

    async fn get_patient(&self, request: Request<pb::GetPatientRequest>) -> Result<Response<pb::Patient>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let id = v.id("id", &message.id);
            let id = v.done(id)?;
            let patient = self.vault.read_one(scope, async |tx| store::get(tx, id).await).await?;
            Ok(convert::to_pb(patient))
        })
        .await
    }

    async fn update_patient(
        &self,
        request: Request<pb::UpdatePatientRequest>,
    ) -> Result<Response<pb::Patient>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let mask = Mask::parse(&mut v, message.update_mask.as_ref(), convert::UPDATABLE);
            v.set_prefix("patient.");
            let patient = message.patient.unwrap_or_default();
            let id = v.id("id", &patient.id);
            let expected = etag::expected(&mut v, "etag", &patient.etag);
            let patch = convert::patch(&mut v, scope, &mask, &patient);
            let patch = v.done(patch)?;
            self.change(scope, Action::Update, once.as_ref(), id, expected, &patch).await
        })
        .await
    }

    async fn list_patients(
        &self,
        request: Request<pb::ListPatientsRequest>,
    ) -> Result<Response<pb::ListPatientsResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let filter = PatientFilter {
                include_inactive: message.include_inactive,
                date_of_birth: v.optional_date("birth_date", message.birth_date.map(Into::into)),
                therapist_id: v.optional_id("therapist_id", &message.therapist_id),
            };
            let page = scope.page(&mut v, message.page_size, &message.page_token, &filter);
            let page = v.done(page)?;
            let found = self.vault.read_one(scope, async |tx| store::list(tx, &filter, &page).await).await?;
            let found = found.map(convert::to_pb);
            Ok(pb::ListPatientsResponse { patients: found.items, next_page_token: found.next_page_token })
        })
        .await
    }

    async fn deactivate_patient(
        &self,
        request: Request<pb::DeactivatePatientRequest>,
    ) -> Result<Response<pb::Patient>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let id = v.id("id", &message.id);
            let expected = etag::expected(&mut v, "etag", &message.etag);
            v.done(())?;
            let patch = PatientPatch { is_active: Some(false), ..PatientPatch::default() };
            self.change(scope, Action::Delete, once.as_ref(), id, expected, &patch).await
        })
        .await
    }

    async fn create_coverage(
        &self,
        request: Request<pb::CreateCoverageRequest>,
    ) -> Result<Response<pb::Coverage>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { coverage::service::create(&self.vault, ctx.scope()?, message).await }).await
    }

    async fn get_coverage(&self, request: Request<pb::GetCoverageRequest>) -> Result<Response<pb::Coverage>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { coverage::service::get(&self.vault, ctx.scope()?, message).await }).await
    }

    async fn update_coverage(
        &self,
        request: Request<pb::UpdateCoverageRequest>,
    ) -> Result<Response<pb::Coverage>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        let dependents = self.dependents.as_ref();
        answer(&ctx, async { coverage::service::update(&self.vault, dependents, ctx.scope()?, message).await }).await
    }

    async fn list_coverages(
        &self,
        request: Request<pb::ListCoveragesRequest>,
    ) -> Result<Response<pb::ListCoveragesResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { coverage::service::list(&self.vault, ctx.scope()?, message).await }).await
    }
}
