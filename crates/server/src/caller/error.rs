//! Why a tool could not do its work, and whether the same call may succeed a little later.

use std::error::Error as _;
use std::path::PathBuf;

use therapy_claims::client::{ConnectError, reason};
use tonic::{Code, Status};

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use therapy_claims::claims::v1::GetPayerRequest;
    use therapy_claims::client::Client;
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
}
