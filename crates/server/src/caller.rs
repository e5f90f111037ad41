//! How our own tools call the API: the typed client, for one practice, patient while the server recovers.
//!
//! Each call has an `x-request-id` of its own and is written down, so that the run can be held against the audit
//! log afterwards.

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::id::RequestId;
use therapy_claims::Method;
use therapy_claims::client::{Client, ConnectError, reason};
use tokio::time::{Instant, sleep};
use tonic::metadata::{AsciiMetadataValue, MetadataValue};
use tonic::{Code, IntoRequest, Request, Response, Status};

/// How long a server that doesn't answer is waited for, beyond what the client does by itself.
const PATIENCE: Duration = Duration::from_secs(90);
const WAIT_FIRST: Duration = Duration::from_millis(250);
const WAIT_MOST: Duration = Duration::from_secs(5);

/// Why a tool could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("connect to {endpoint}")]
    Connect { endpoint: String, source: ConnectError },
    #[error("the token or practice id can't be sent")]
    Credential(#[source] ConnectError),
    #[error("{method} answered {:?} {}: {}", status.code(), reason(status).unwrap_or_default(), status.message())]
    Call { method: &'static str, status: Status },
    #[error("{0}")]
    Unexpected(String),
    #[error("{}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{}", path.display())]
    Csv { path: PathBuf, source: csv::Error },
    #[error("write JSON")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// The stable reason of the answer, such as `ETAG_MISMATCH`; empty when there is none.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Call { status, .. } => reason(status).unwrap_or_default(),
            Self::Connect { .. }
            | Self::Credential(_)
            | Self::Unexpected(_)
            | Self::File { .. }
            | Self::Csv { .. }
            | Self::Json(_) => String::new(),
        }
    }

    /// Whether the server answered with that code.
    #[must_use]
    pub fn is(&self, code: Code) -> bool {
        matches!(self, Self::Call { status, .. } if status.code() == code)
    }
}

/// The calls that were answered, for those who ask for them to be written down.
#[derive(Clone, Default)]
pub struct Tally(Option<Arc<Mutex<Vec<Made>>>>);

/// A call that was answered.
#[derive(Debug, Clone)]
pub struct Made {
    pub practice_id: Arc<str>,
    pub method: &'static Method,
    /// The `x-request-id` that it carried.
    pub request_id: String,
}

impl Tally {
    /// One that is kept. The default keeps nothing, so that who calls for months doesn't grow.
    #[must_use]
    pub fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    fn note(&self, made: impl FnOnce() -> Made) {
        if let Some(kept) = &self.0 {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(made());
        }
    }

    /// What was made so far.
    #[must_use]
    pub fn made(&self) -> Vec<Made> {
        self.0.as_ref().map_or_else(Vec::new, |kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").finish_non_exhaustive()
    }
}

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

/// Whether the same call may succeed a little later.
#[must_use]
pub fn is_passing(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => true,
        Code::Aborted => reason(status).as_deref() != Some("ETAG_MISMATCH"),
        // a connection that breaks has a cause on this side; what a server says has none
        Code::Cancelled | Code::Unknown | Code::Internal => status.source().is_some(),
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::DataLoss
        | Code::Unauthenticated => false,
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

/// Reads all pages of a list: `page` answers the items behind a page token and the next token.
///
/// # Errors
/// The first one of a page.
pub async fn pages<T, F, A>(mut page: F) -> Result<Vec<T>, Error>
where
    F: FnMut(String) -> A,
    A: Future<Output = Result<(Vec<T>, String), Error>>,
{
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let (items, next) = page(token).await?;
        all.extend(items);
        if next.is_empty() {
            return Ok(all);
        }
        token = next;
    }
}

/// The largest page that lists answer.
pub const PAGE: i32 = 500;

#[cfg(test)]
mod tests {
    use therapy_claims::claims::v1::GetPayerRequest;
    use tonic::transport::Endpoint;

    use super::*;

    #[tokio::test]
    async fn a_server_that_is_not_there_may_come_back() {
        // nobody listens on the port that was just given up
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let channel = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap().connect_lazy();
        let client = Client::over(channel, "").unwrap().with_deadline(Duration::from_millis(300));
        let status = client.payers().get_payer(GetPayerRequest::default()).await.unwrap_err();
        assert!(is_passing(&status), "{status:?}");
    }

    #[test]
    fn a_tally_keeps_only_what_it_is_asked_to() {
        let made = || Made {
            practice_id: Arc::from("p"),
            method: therapy_claims::method("/therapy.claims.v1.PayerService/GetPayer").unwrap(),
            request_id: String::new(),
        };
        for (tally, kept) in [(Tally::default(), 0), (Tally::kept(), 1)] {
            tally.note(made);
            assert_eq!(tally.made().len(), kept);
        }
    }

    #[tokio::test]
    async fn pages_are_read_to_the_last() {
        let all = pages(async |token: String| {
            let page = token.parse().unwrap_or(0);
            Ok((vec![page], if page < 3 { (page + 1).to_string() } else { String::new() }))
        });
        assert_eq!(all.await.unwrap(), [0, 1, 2, 3]);
    }
}
