//! `Client`: one connection, and a ready client of each service over it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use therapy_claims::{client::Client, clinical::v1::GetPatientRequest};
//!
//! let client = Client::connect("http://127.0.0.1:50051", "the token").await?;
//! let id = "01890a5d-ac96-774b-bcce-b302099a8057".to_owned();
//! let patient = client.patients().get_patient(GetPatientRequest { id }).await?.into_inner();
//! # Ok(()) }
//! ```
use std::{error::Error, fmt, sync::Arc, time::Duration};

use tonic::{
    codegen::http::HeaderValue,
    transport::{self, Channel, Endpoint},
};

pub use self::call::{Calls, reason};
use self::throttle::Throttle;
use crate::{
    analytics::v1::analytics_service_client::AnalyticsServiceClient,
    audit::v1::audit_service_client::AuditServiceClient,
    claims::v1::{
        claim_action_service_client::ClaimActionServiceClient, claim_service_client::ClaimServiceClient,
        clearinghouse_service_client::ClearinghouseServiceClient, payer_service_client::PayerServiceClient,
        remittance_service_client::RemittanceServiceClient,
    },
    clinical::v1::{
        import_service_client::ImportServiceClient, patient_service_client::PatientServiceClient,
        session_service_client::SessionServiceClient, therapist_service_client::TherapistServiceClient,
    },
    tenancy::v1::{
        auth_service_client::AuthServiceClient, break_glass_service_client::BreakGlassServiceClient,
        membership_service_client::MembershipServiceClient, practice_service_client::PracticeServiceClient,
        user_service_client::UserServiceClient,
    },
};

mod body;
mod call;
mod throttle;

/// How long a call may take when nothing else is said.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// The largest response taken; pages of claims and import results may pass the usual 4 MiB.
const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One connection to the backend, shared by its clones and by the service clients that it gives.
///
/// Every call carries the credential and the chosen practice. Unary calls get a deadline, retries and, when they change
/// something, a `request_id`, so a retry never does anything twice: [`Calls`] tells the rules.
#[derive(Clone)]
pub struct Client {
    calls: Calls,
}

impl Client {
    /// Connects to an endpoint such as `http://127.0.0.1:50051`. The token may be empty, to log in with [`Self::auth`].
    ///
    /// # Errors
    /// When the endpoint is no URI or can't be reached, or the token has characters that no token has.
    pub async fn connect(endpoint: impl Into<String>, token: &str) -> Result<Self, ConnectError> {
        let channel = Endpoint::from_shared(endpoint.into())
            .map_err(ConnectError::Transport)?
            .connect_timeout(Duration::from_secs(5))
            // notices a peer that is gone, also while a claim feed is silent
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .keep_alive_while_idle(true)
            .connect()
            .await
            .map_err(ConnectError::Transport)?;
        Self::over(channel, token)
    }

    /// Uses a connection that was set up elsewhere, for instance with TLS.
    ///
    /// # Errors
    /// When the token has characters that no token has.
    pub fn over(channel: Channel, token: &str) -> Result<Self, ConnectError> {
        let calls = Calls {
            channel,
            authorization: None,
            practice: None,
            deadline: DEADLINE,
            throttle: Arc::new(Throttle::default()),
        };
        Self { calls }.with_token(token)
    }

    /// The same connection with another credential; none when empty.
    ///
    /// # Errors
    /// When the token has characters that no token has.
    pub fn with_token(mut self, token: &str) -> Result<Self, ConnectError> {
        self.calls.authorization = if token.is_empty() {
            None
        } else {
            let mut value = header(&format!("Bearer {token}"))?;
            value.set_sensitive(true);
            Some(value)
        };
        Ok(self)
    }

    /// The same connection with each call made for this practice; for the caller's active one when empty.
    ///
    /// # Errors
    /// When the id has characters that no id has.
    pub fn in_practice(mut self, practice_id: &str) -> Result<Self, ConnectError> {
        self.calls.practice = if practice_id.is_empty() { None } else { Some(header(practice_id)?) };
        Ok(self)
    }

    /// The same connection with another deadline for calls that set none by themselves.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.calls.deadline = deadline;
        self
    }
}

macro_rules! service_clients {
    ($($(#[$doc:meta])* $name:ident: $client:ident;)*) => {
        impl Client {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> $client<Calls> {
                $client::new(self.calls.clone()).max_decoding_message_size(RESPONSE_BYTES_MAX)
            }
        )*}
    };
}

service_clients! {
    /// Practices.
    practices: PracticeServiceClient;
    /// Users of the practice.
    users: UserServiceClient;
    /// Who belongs to the practice, and as what.
    memberships: MembershipServiceClient;
    /// Logging in, and the credentials of other services.
    auth: AuthServiceClient;
    break_glasses: BreakGlassServiceClient;
    /// Therapists and how they stand with payers.
    therapists: TherapistServiceClient;
    /// Patients and their coverages.
    patients: PatientServiceClient;
    /// Sessions.
    sessions: SessionServiceClient;
    /// Bringing data in from another system.
    imports: ImportServiceClient;
    /// Claims.
    claims: ClaimServiceClient;
    /// Voids, write-offs and late filings of claims, and who decides them.
    claim_actions: ClaimActionServiceClient;
    /// What payers paid, and the queue of what a person has to match.
    remittances: RemittanceServiceClient;
    /// The payer list.
    payers: PayerServiceClient;
    /// The claim feed and the way back from the payers; [`crate::feed::consume`] follows the feed.
    clearinghouse: ClearinghouseServiceClient;
    /// The audit log.
    audit: AuditServiceClient;
    /// Figures of the practice.
    analytics: AnalyticsServiceClient;
}

/// Prints nothing that is secret.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("calls", &self.calls).finish()
    }
}

/// A new `request_id`: the same id makes repeating a call safe. Calls that are given none get one by themselves.
#[must_use]
pub fn request_id() -> String {
    #[expect(clippy::disallowed_methods, reason = "the client's own id; the stubs don't depend on the kernel")]
    let id = uuid::Uuid::now_v7();
    id.to_string()
}

/// Why there is no [`Client`].
#[derive(Debug)]
pub enum ConnectError {
    /// The endpoint is no URI, or can't be reached.
    Transport(transport::Error),
    /// A token or practice id has characters that can't be sent.
    Header,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transport(_) => "connect to the endpoint",
            Self::Header => "the token or the practice id has characters that can't be sent",
        })
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Transport(error) => Some(error),
            Self::Header => None,
        }
    }
}

fn header(text: &str) -> Result<HeaderValue, ConnectError> {
    // what is wrong with it is not told: it may be a secret
    HeaderValue::from_str(text).ok().ok_or(ConnectError::Header)
}

#[cfg(test)]
mod tests;
