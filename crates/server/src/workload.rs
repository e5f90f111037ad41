//! Realistic data for demonstrations and tests, made from a seed and sent through the API like anybody else's.

use serde_json::{Value, json};

pub use self::account::{Accounts, Issuer};
pub use self::once::{Once, fill, once};
pub use self::run::Outcome;
pub(crate) use self::run::{list_claims, list_sessions};
pub use self::seat::{Seat, Worker};
use crate::caller::{Caller, Error};
use crate::console::note;

mod account;
pub mod catalog;
mod defect;
pub mod draw;
mod follow;
pub mod make;
mod once;
mod people;
mod run;
mod seat;
mod sessions;

/// How much is made, and from what.
#[derive(Debug, Clone, clap::Args)]
pub struct WorkloadOptions {
    /// How many sessions to make
    #[arg(long, default_value_t = 2000)]
    pub sessions: usize,
    /// What everything is made from; the same seed goes on with the same data
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Practices with the people in them, and the accounts of other services.
#[derive(Debug)]
pub struct World {
    pub seed: u64,
    pub seats: Vec<Seat>,
    pub accounts: Accounts,
}

/// Makes the world, or finds what is there of it. `operator` is a verified user, and becomes the owner of the practices.
///
/// # Errors
/// What the API answers.
pub async fn prepare(operator: &Caller, issuer: &dyn Issuer, options: &WorkloadOptions) -> Result<World, Error> {
    let shape = make::shape(options.seed, options.sessions);
    let therapists: usize = shape.practices.iter().map(|practice| practice.therapists).sum();
    note(&format!("setting up {} practices with {therapists} therapists", shape.practices.len()));
    let seats = seat::seats(operator, options.seed, &shape).await?;
    let accounts = account::accounts(operator, issuer, options.seed, &seats).await?;
    Ok(World { seed: options.seed, seats, accounts })
}

/// Takes the sessions of the world through the API.
///
/// # Errors
/// What the API answers, when it is nothing that the plan expects.
pub async fn run(world: &World) -> Result<Vec<Outcome>, Error> {
    run::run(world.seed, &world.seats).await
}

/// Follows up what was paid: bills the next payer, corrects, and takes back.
///
/// # Errors
/// What the API answers, when it is nothing that the plan expects.
pub async fn follow(world: &World, outcomes: &[Outcome]) -> Result<(), Error> {
    follow::follow(world.seed, &world.seats, outcomes).await
}

impl World {
    /// What `--credentials` writes.
    #[must_use]
    pub fn credentials(&self, endpoint: &str, database_url: &str) -> Value {
        let worker = |worker: &Worker| json!({ "email": worker.email, "token": worker.token });
        let practice = |seat: &Seat| {
            json!({
                "id": seat.id,
                "name": seat.name,
                "users": {
                    "admin": worker(&seat.admin),
                    "therapist": worker(&seat.therapist),
                    "billing": worker(&seat.billing),
                    "front_desk": worker(&seat.front_desk),
                },
            })
        };
        json!({
            "endpoint": endpoint,
            "practices": self.seats.iter().map(practice).collect::<Vec<_>>(),
            "service_accounts": { "adapter": self.accounts.adapter, "analytics": self.accounts.analytics },
            "database_url": database_url,
        })
    }
}
