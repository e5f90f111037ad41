//! The list of services. A new one is a line here, and its health and reflection come by themselves.

use std::sync::Arc;

use analytics::Analytics;
use audit::{Exports, Trail};
use claims::action::service::ClaimActions;
use claims::claim::service::Claims;
use claims::claim::upstream::dependents;
use claims::clearinghouse::{Clearinghouse, ClearinghouseServer};
use claims::draft::{Drafter, completion};
use claims::payer::Payers;
use claims::remittance::service::Remittances;
use clinical::import::service::Imports;
use clinical::patient::service::Patients;
use clinical::session::service::Sessions;
use clinical::therapist::service::Therapists;
use futures_util::FutureExt;
use tenancy::auth::Auth;
use tenancy::break_glass::service::BreakGlasses;
use tenancy::membership::service::Memberships;
use tenancy::practice::service::Practices;
use tenancy::user::service::Users;
use therapy_claims::analytics::v1::analytics_service_server::AnalyticsServiceServer;
use therapy_claims::audit::v1::audit_service_server::AuditServiceServer;
use therapy_claims::claims::v1::claim_action_service_server::ClaimActionServiceServer;
use therapy_claims::claims::v1::claim_service_server::ClaimServiceServer;
use therapy_claims::claims::v1::payer_service_server::PayerServiceServer;
use therapy_claims::claims::v1::remittance_service_server::RemittanceServiceServer;
use therapy_claims::clinical::v1::import_service_server::ImportServiceServer;
use therapy_claims::clinical::v1::patient_service_server::PatientServiceServer;
use therapy_claims::clinical::v1::session_service_server::SessionServiceServer;
use therapy_claims::clinical::v1::therapist_service_server::TherapistServiceServer;
use therapy_claims::tenancy::v1::auth_service_server::AuthServiceServer;
use therapy_claims::tenancy::v1::break_glass_service_server::BreakGlassServiceServer;
use therapy_claims::tenancy::v1::membership_service_server::MembershipServiceServer;
use therapy_claims::tenancy::v1::practice_service_server::PracticeServiceServer;
use therapy_claims::tenancy::v1::user_service_server::UserServiceServer;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::HealthReporter;
use tower::layer::util::{Identity, Stack};

use crate::app::{Error, Parts};
use crate::grants::Grants;

/// HTTP/2 pings on idle connections, so that a peer that vanished is noticed.
const KEEPALIVE: std::time::Duration = std::time::Duration::from_secs(30);

/// Imports may send more at once than other calls.
const IMPORT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A server with the layer in front of everything.
#[must_use]
pub fn server<L>(layer: L) -> Server<Stack<L, Identity>> {
    Server::builder().http2_keepalive_interval(Some(KEEPALIVE)).tcp_nodelay(true).layer(layer)
}

/// All services, with health and, if wanted, reflection.
///
/// # Errors
/// When reflection can't be built.
pub async fn routes(
    parts: &Parts,
    health: &HealthReporter,
    health_service: HealthServer<impl Health>,
    reflection: bool,
) -> Result<Routes, Error> {
    let Parts { vault, directory, passwords, reader, hub, tasks, .. } = parts;
    let payers = Payers::new(vault.db().clone());
    // at hand before the first transaction asks
    if let Err(failure) = payers.list().await {
        tracing::warn!(reason = failure.reason, "the payer list can't be read yet");
    }
    tasks.spawn(payers.clone().keep_fresh(hub.drained()));
    let drafter = Drafter::new(payers.clone(), hub.clone());

    let mut routes = Routes::new(health_service);
    let grants = Arc::new(Grants(directory.clone()));
    let ending = {
        let hub = hub.clone();
        Arc::new(move || hub.drained().boxed())
    };
    let exports = Exports::new(Arc::<Grants>::clone(&grants), tasks.clone(), ending);
    let clearinghouse =
        Clearinghouse::new(vault.clone(), reader.clone(), hub.clone(), payers.clone(), grants, tasks.clone());
    macro_rules! serve {
        ($($service:expr),+ $(,)?) => {$(
            let service = $service;
            set_serving(health, &service).await;
            routes = routes.add_service(service);
        )+};
    }
    serve!(
        PracticeServiceServer::new(Practices::new(vault.clone(), directory.clone())),
        UserServiceServer::new(Users::new(vault.clone(), passwords.clone(), directory.env().clone())),
        MembershipServiceServer::new(Memberships::new(vault.clone())),
        BreakGlassServiceServer::new(BreakGlasses::new(vault.clone(), directory.clone())),
        AuthServiceServer::new(Auth::new(vault.clone(), directory.clone(), passwords.clone())),
        TherapistServiceServer::new(Therapists::new(vault.clone())),
        PatientServiceServer::new(Patients::new(vault.clone()).telling(dependents(payers.clone(), hub.clone()))),
        SessionServiceServer::new(Sessions::new(vault.clone(), completion(drafter.clone()))),
        ImportServiceServer::new(Imports::new(vault.clone(), completion(drafter)))
            .max_decoding_message_size(IMPORT_BYTES_MAX),
        ClaimServiceServer::new(Claims::new(vault.clone(), payers.clone(), hub.clone())),
        ClaimActionServiceServer::new(ClaimActions::new(vault.clone(), payers.clone(), hub.clone())),
        RemittanceServiceServer::new(Remittances::new(vault.clone(), payers.clone(), hub.clone())),
        PayerServiceServer::new(payers),
        ClearinghouseServer::new(clearinghouse),
        AuditServiceServer::new(Trail::new(vault.clone(), exports)),
        AnalyticsServiceServer::new(Analytics::new(vault.db().clone())),
    );
    if reflection {
        let builder = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(therapy_claims::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        routes = routes.add_service(builder().build_v1()?).add_service(builder().build_v1alpha()?);
    }
    Ok(routes)
}

async fn set_serving<S: NamedService>(health: &HealthReporter, _service: &S) {
    health.set_serving::<S>().await;
}

/// Tells those who ask that no new work should come here.
pub async fn not_serving(health: &HealthReporter) {
    for method in therapy_claims::METHODS {
        let service = method.path.trim_start_matches('/').split('/').next().unwrap_or_default();
        health.set_service_status(service, ServingStatus::NotServing).await;
    }
    health.set_service_status("", ServingStatus::NotServing).await;
}
