//! Workload c: `CompleteSession`, each session once.

use therapy_claims::clinical::v1::CompleteSessionRequest;
use therapy_claims::clinical::v1::session_service_client::SessionServiceClient;
use tonic::Status;
use tonic::transport::Channel;

use super::{Budget, Callers, Work, turn};
use crate::Result;
use crate::measure::Measured;
use crate::plan::{Kind, Series, id, place};

#[derive(Clone)]
struct CompleteSession {
    callers: Callers,
    client: SessionServiceClient<Channel>,
    /// Sessions before this one were completed by others.
    first: u32,
}

impl Work for CompleteSession {
    async fn call(&mut self, n: u32) -> Result<(), Status> {
        let at = place(self.first + n);
        let message = CompleteSessionRequest {
            id: id(Kind::Session, at.practice, Series::First, at.n),
            ..CompleteSessionRequest::default()
        };
        self.client.complete_session(self.callers.request(at.practice, message)).await.map(drop)
    }
}

/// Completes the sessions from `first` on.
pub(crate) async fn run(callers: &Callers, first: u32, in_flight: usize, budget: Budget) -> Result<Measured> {
    turn(in_flight, budget, |worker| {
        let client = SessionServiceClient::new(callers.channel(worker)?);
        Some(CompleteSession { callers: callers.clone(), client, first })
    })
    .await
}
