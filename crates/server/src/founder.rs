//! The first user of a fresh installation, who founds the practices of a demonstration or test.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::{Code, Failure};
use tenancy::operator::Operator;
use therapy_claims::client::{Client, ConnectError};
use therapy_claims::tenancy::v1 as pb;

use crate::app::Parts;
use crate::caller;
use crate::workload::Issuer;

/// Why nobody could begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("create the first user")]
    Create(#[from] Failure),
    #[error("connect to the server")]
    Connect(#[from] ConnectError),
    #[error("log the first user in: {}", .0.message())]
    Login(Box<tonic::Status>),
}

/// Who founds the practices: a verified and trained user without any.
#[derive(Debug, Clone)]
pub struct Founder {
    email: String,
    password: String,
}

impl Founder {
    /// Creates the founder, or finds the one of an earlier start.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle(parts: &Parts, seed: u64) -> Result<Self, Error> {
        let email = format!("founder@demo{seed}.example.com");
        // development only: whoever reads this knows it
        let password = format!("founder of demo {seed}");
        let user = pb::User {
            email: email.clone(),
            first_name: "Demo".to_owned(),
            last_name: "Founder".to_owned(),
            is_verified: true,
            phi_training_completed: true,
            ..pb::User::default()
        };
        match parts.operator("claimsd dev").create_founder(&user, &password).await {
            Ok(_) => {}
            Err(failure) if failure.code == Code::AlreadyExists => {}
            Err(failure) => return Err(failure.into()),
        }
        Ok(Self { email, password })
    }

    /// Logs the founder in.
    ///
    /// # Errors
    /// When the server can't be reached or refuses.
    pub async fn log_in(&self, endpoint: &str) -> Result<String, Error> {
        let client = Client::connect(endpoint, "").await?;
        let request =
            pb::LoginRequest { email: self.email.clone(), password: self.password.clone(), ..Default::default() };
        let login = client.auth().login(request).await.map_err(|status| Error::Login(Box::new(status)))?;
        Ok(login.into_inner().token)
    }
}

/// The operator at the machine, as the one who gives service accounts their tokens.
#[derive(Debug)]
pub struct OperatorIssues(pub Operator);

impl Issuer for OperatorIssues {
    fn fresh_token<'a>(
        &'a self,
        practice_id: &'a str,
        account_id: &'a str,
    ) -> BoxFuture<'a, Result<String, caller::Error>> {
        async move {
            let unexpected = |failure: Failure| caller::Error::Unexpected(failure.to_string());
            let practice =
                practice_id.parse().map_err(|_bad| caller::Error::Unexpected("not a practice id".to_owned()))?;
            // only two may count at a time, and what an earlier start was given is lost with it
            let request = pb::ListTokensRequest { service_account_id: account_id.to_owned(), ..Default::default() };
            for token in self.0.list_tokens(practice, request).await.map_err(unexpected)?.tokens {
                let request = pb::RevokeTokenRequest { token_id: token.id, request_id: String::new() };
                self.0.revoke_token(practice, request).await.map_err(unexpected)?;
            }
            let request = pb::IssueTokenRequest { service_account_id: account_id.to_owned(), ..Default::default() };
            Ok(self.0.issue_token(practice, request).await.map_err(unexpected)?.secret)
        }
        .boxed()
    }
}
