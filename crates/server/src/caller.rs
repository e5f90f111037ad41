//! How our own tools call the API: the typed client, for one practice, patient while the server recovers.
//!
//! Each call has an `x-request-id` of its own and is written down, so that the run can be held against the audit
//! log afterwards.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::id::RequestId;
use therapy_claims::client::Client;
use tokio::time::{Instant, sleep};
use tonic::metadata::{AsciiMetadataValue, MetadataValue};
use tonic::{IntoRequest, Request, Response, Status};

pub use self::error::{Error, is_passing};
pub use self::pages::{PAGE, pages};
pub use self::tally::{Made, Tally};

mod error;
mod pages;
mod tally;

/// How long a server that doesn't answer is waited for, beyond what the client does by itself.
const PATIENCE: Duration = Duration::from_secs(90);
const WAIT_FIRST: Duration = Duration::from_millis(250);
const WAIT_MOST: Duration = Duration::from_secs(5);

/// A caller with a credential, usually for one practice.
#[derive(Debug, Clone)]
pub struct Caller {
    client: Client,
    practice_id: Arc<str>,
    tally: Tally,
    ids: Arc<Ids>,
}

/// Makes the `x-request-id`s of a run.
#[derive(Debug)]
struct Ids {
    run: String,
    next: AtomicU64,
}

impl Caller {
    /// # Errors
    /// When the server can't be reached or the token can't be sent.
    pub async fn connect(endpoint: &str, token: &str, tally: &Tally) -> Result<Self, Error> {
        let client = Client::connect(endpoint, token)
            .await
            .map_err(|source| Error::Connect { endpoint: endpoint.to_owned(), source })?;
        let ids = Arc::new(Ids { run: RequestId::new().to_string(), next: AtomicU64::new(0) });
        Ok(Self { client, practice_id: Arc::from(""), tally: tally.clone(), ids })
    }

    /// The same connection with another credential and no practice.
    ///
    /// # Errors
    /// When the token can't be sent.
    pub fn with_token(&self, token: &str) -> Result<Self, Error> {
        let client = self.client.clone().with_token(token).map_err(Error::Credential)?;
        let client = client.in_practice("").map_err(Error::Credential)?;
        Ok(Self { client, practice_id: Arc::from(""), tally: self.tally.clone(), ids: Arc::clone(&self.ids) })
    }

    /// The same caller, each call made for that practice.
    ///
    /// # Errors
    /// When the id can't be sent.
    pub fn in_practice(&self, practice_id: &str) -> Result<Self, Error> {
        let client = self.client.clone().in_practice(practice_id).map_err(Error::Credential)?;
        Ok(Self { client, practice_id: Arc::from(practice_id), tally: self.tally.clone(), ids: Arc::clone(&self.ids) })
    }

    /// The client itself, for what is not one call.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    #[must_use]
    pub fn practice_id(&self) -> &str {
        &self.practice_id
    }

    /// Makes a call, and makes it again while the server is unavailable. `path` is the RPC's, such as
    /// `/therapy.clinical.v1.PatientService/GetPatient`. What changes something must carry its own `request_id`.
    ///
    /// # Errors
    /// What the server answered, when it is for good or lasted too long.
    pub async fn call<M, R, F, A>(&self, path: &'static str, message: M, send: F) -> Result<R, Error>
    where
        M: Clone,
        F: Fn(Client, Request<M>) -> A,
        A: Future<Output = Result<Response<R>, Status>>,
    {
        self.call_if(path, message, send, |_| true).await
    }

    /// The same, written down only where the answer says that something was done.
    ///
    /// # Errors
    /// What the server answered, when it is for good or lasted too long.
    pub async fn call_if<M, R, F, A>(
        &self,
        path: &'static str,
        message: M,
        send: F,
        counts: impl Fn(&R) -> bool,
    ) -> Result<R, Error>
    where
        M: Clone,
        F: Fn(Client, Request<M>) -> A,
        A: Future<Output = Result<Response<R>, Status>>,
    {
        let method = therapy_claims::method(path).ok_or_else(|| Error::Unexpected(format!("no RPC {path}")))?;
        let request_id = format!("{}-{}", self.ids.run, self.ids.next.fetch_add(1, Ordering::Relaxed));
        let header: AsciiMetadataValue =
            MetadataValue::try_from(&request_id).map_err(|_never| Error::Unexpected("x-request-id".to_owned()))?;
        let end = Instant::now() + PATIENCE;
        let mut wait = WAIT_FIRST;
        loop {
            let mut request = message.clone().into_request();
            request.metadata_mut().insert("x-request-id", header.clone());
            let status = match send(self.client.clone(), request).await {
                Ok(response) => {
                    let answer = response.into_inner();
                    if counts(&answer) {
                        self.tally.note(|| Made { practice_id: Arc::clone(&self.practice_id), method, request_id });
                    }
                    return Ok(answer);
                }
                Err(status) => status,
            };
            if !is_passing(&status) || Instant::now() + wait > end {
                return Err(Error::Call { method: method.path, status });
            }
            sleep(wait).await;
            wait = WAIT_MOST.min(wait * 2);
        }
    }
}

/// Makes a call by the client's service, its method and the RPC's path:
/// `rpc!(caller, patients.get_patient, "clinical.v1.PatientService/GetPatient", message)`.
macro_rules! rpc {
    ($caller:expr, $service:ident.$method:ident, $path:literal, $message:expr) => {
        $caller.call(concat!("/therapy.", $path), $message, |client, request| async move {
            client.$service().$method(request).await
        })
    };
}
pub(crate) use rpc;
