//! The context of one request: what the access layer found out before the handler runs.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::access::{Denied, Identity};
use crate::error::{Code, Failure};
use crate::scope::{Facts, Scope};
use crate::status::to_status;

/// Put into the request's extensions by the access layer. Handlers begin with [`Call::of`].
#[derive(Debug, Clone)]
pub struct Ctx {
    identity: Option<Arc<Identity>>,
    scopes: Vec<Scope>,
    facts: Arc<Facts>,
}

impl Ctx {
    #[must_use]
    pub const fn new(identity: Option<Arc<Identity>>, scopes: Vec<Scope>, facts: Arc<Facts>) -> Self {
        Self { identity, scopes, facts }
    }

    /// The practice that the call acts in.
    ///
    /// # Errors
    /// `PERMISSION_DENIED / NO_PRACTICE` when none was selected.
    pub fn scope(&self) -> Result<&Scope, Failure> {
        self.scopes.first().ok_or_else(|| Denied::NoPractice.into())
    }

    /// Every practice that the call ranges over; one for people, all granted ones for the claim feed.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The caller behind the credential.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for calls without one.
    pub fn identity(&self) -> Result<&Arc<Identity>, Failure> {
        self.identity.as_ref().ok_or_else(unauthenticated)
    }

    #[must_use]
    pub const fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// Renders a failure for this request.
    #[must_use]
    pub fn status(&self, failure: &Failure) -> Status {
        to_status(failure, &self.facts.request_id)
    }
}

/// No, unknown, expired and revoked credentials are all answered alike.
#[must_use]
pub fn unauthenticated() -> Failure {
    Failure::new(
        Code::Unauthenticated,
        "UNAUTHENTICATED",
        "a valid credential is required: send authorization: Bearer <token>",
    )
}

/// A request taken apart: the context and the message.
#[derive(Debug)]
pub struct Call<T> {
    pub ctx: Ctx,
    pub message: T,
}

impl<T> Call<T> {
    /// # Errors
    /// `INTERNAL` when the service runs without its access layer.
    pub fn of(request: Request<T>) -> Result<Self, Status> {
        let (_, mut extensions, message) = request.into_parts();
        match extensions.remove::<Ctx>() {
            Some(ctx) => Ok(Self { ctx, message }),
            None => Err(to_status(&Failure::internal("the service runs without its access layer"), "")),
        }
    }
}

/// Runs a handler's body and renders its outcome.
///
/// # Errors
/// The body's failure, as a status.
pub async fn answer<T>(ctx: &Ctx, body: impl Future<Output = Result<T, Failure>>) -> Result<Response<T>, Status> {
    match body.await {
        Ok(message) => Ok(Response::new(message)),
        Err(failure) => Err(ctx.status(&failure)),
    }
}
