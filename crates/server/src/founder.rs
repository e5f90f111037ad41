//! The first user of a fresh installation, who founds the practices of a demonstration or test.

use kernel::{Code, Failure};
use therapy_claims::client::{Client, ConnectError};
use therapy_claims::tenancy::v1 as pb;

use crate::app::Parts;

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
        let request = pb::LoginRequest { email: self.email.clone(), password: self.password.clone() };
        let login = client.auth().login(request).await.map_err(|status| Error::Login(Box::new(status)))?;
        Ok(login.into_inner().token)
    }
}
