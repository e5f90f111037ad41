//! `claimsd admin`: what the operator may ask for. No secret is ever an argument: other processes see those.

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::Database;
use crate::import::Output;

/// `claimsd admin`: what the operator does at the machine; every change leaves its audit entry.
#[derive(Debug, Clone, Args)]
pub struct Admin {
    #[command(flatten)]
    pub database: Database,
    #[command(subcommand)]
    pub action: AdminAction,
    /// How results are shown.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub output: Output,
}

/// What the operator does.
#[derive(Debug, Clone, Subcommand)]
pub enum AdminAction {
    /// Creates a verified user who may found practices with `CreatePractice`; the password comes from standard input.
    CreateFounder {
        #[command(flatten)]
        person: Person,
    },
    /// Practices.
    #[command(subcommand)]
    Practice(PracticeAction),
    /// The users of a practice.
    #[command(subcommand)]
    User(UserAction),
    /// Who belongs to a practice, and as what.
    #[command(subcommand)]
    Membership(MembershipAction),
    /// Service accounts and their grants.
    #[command(subcommand)]
    Account(AccountAction),
    /// Tokens of service accounts.
    #[command(subcommand)]
    Token(TokenAction),
}

/// Somebody new.
#[derive(Debug, Clone, Args)]
pub struct Person {
    #[arg(long)]
    pub email: String,
    #[arg(long)]
    pub first_name: String,
    #[arg(long)]
    pub last_name: String,
    /// PHI training is on record.
    #[arg(long)]
    pub phi_trained: bool,
}

/// What somebody is in a practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    Admin,
    Therapist,
    Billing,
    FrontDesk,
}

#[derive(Debug, Clone, Subcommand)]
pub enum PracticeAction {
    /// Lists all practices.
    List {
        /// Database URL of the role `claims_migrator`: no other sees all practices.
        #[arg(long, env = "CLAIMSD_MIGRATOR_DATABASE_URL", hide_env_values = true)]
        migrator_database_url: String,
    },
    /// Creates a practice without members; its tax id, which may be a person's, comes from standard input.
    Create {
        #[arg(long)]
        name: String,
        #[arg(long)]
        npi: String,
        /// The tax id is a person's social security number.
        #[arg(long)]
        tax_id_is_ssn: bool,
        #[arg(long, default_value = "")]
        taxonomy: String,
        #[arg(long, default_value = "")]
        time_zone: String,
        #[arg(long)]
        street: String,
        #[arg(long)]
        city: String,
        #[arg(long)]
        state: String,
        /// Nine digits.
        #[arg(long)]
        zip_code: String,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub enum UserAction {
    /// Lists the users of a practice, deactivated ones too.
    List {
        #[arg(long)]
        practice: String,
    },
    /// Creates a user without a password; the one-time token that sets one is printed once and stored nowhere.
    Invite {
        #[arg(long)]
        practice: String,
        #[command(flatten)]
        person: Person,
        #[arg(long, value_enum)]
        role: RoleName,
        #[arg(long)]
        owner: bool,
        /// The identity was checked.
        #[arg(long)]
        verified: bool,
    },
    /// Makes a one-time token for the next password; it is printed once and stored nowhere.
    ResetPassword(UserOf),
    /// Ends a user, the membership and all sessions, within five seconds.
    Suspend {
        #[command(flatten)]
        user: UserOf,
        /// Even if the practice is left without an owner who gets in.
        #[arg(long)]
        last_owner: bool,
    },
    /// Lets a suspended user in again.
    Reactivate(UserOf),
    /// Records that the identity was checked.
    Verify {
        #[command(flatten)]
        user: UserOf,
        /// Record a PHI training too.
        #[arg(long)]
        phi_trained: bool,
    },
    /// Takes back that the identity was checked: the user may do nothing any more, within five seconds.
    Unverify {
        #[command(flatten)]
        user: UserOf,
        /// Even if the practice is left without an owner who gets in.
        #[arg(long)]
        last_owner: bool,
    },
}

/// A user of a practice.
#[derive(Debug, Clone, Args)]
pub struct UserOf {
    #[arg(long)]
    pub practice: String,
    /// Id of the user.
    #[arg(long)]
    pub user: String,
}

#[derive(Debug, Clone, Subcommand)]
pub enum MembershipAction {
    /// Gives an existing user a place in a practice.
    Add {
        #[arg(long)]
        practice: String,
        #[arg(long)]
        email: String,
        #[arg(long, value_enum)]
        role: RoleName,
        #[arg(long)]
        owner: bool,
    },
    /// Sets the role and the ownership of a member, and takes an ended membership up again.
    Set {
        #[command(flatten)]
        user: UserOf,
        #[arg(long, value_enum)]
        role: RoleName,
        #[arg(long)]
        owner: bool,
    },
    /// Ends a membership.
    End(UserOf),
}

/// A service account with a grant in a practice.
#[derive(Debug, Clone, Args)]
pub struct AccountOf {
    #[arg(long)]
    pub practice: String,
    /// Id of the service account.
    #[arg(long)]
    pub account: String,
}

#[derive(Debug, Clone, Subcommand)]
pub enum AccountAction {
    /// Lists the service accounts that have a grant in a practice.
    List {
        #[arg(long)]
        practice: String,
    },
    /// Creates a service account with a grant.
    Create {
        #[arg(long)]
        practice: String,
        #[arg(long)]
        name: String,
        #[arg(long, required = true, value_delimiter = ',')]
        scopes: Vec<String>,
    },
    /// Shuts an account out everywhere, within five seconds.
    Suspend(AccountOf),
    /// Lets a suspended account in again.
    Reactivate(AccountOf),
    /// Grants an account access to a practice, or replaces the grant that it has.
    Grant {
        #[command(flatten)]
        account: AccountOf,
        #[arg(long, required = true, value_delimiter = ',')]
        scopes: Vec<String>,
        /// The first day, in UTC, on which the grant does not count any more.
        #[arg(long)]
        until: Option<NaiveDate>,
    },
    /// Ends an account's grant in a practice.
    Revoke(AccountOf),
    /// Binds a client certificate: the account's tokens count only over connections that present a bound one.
    BindCertificate {
        #[command(flatten)]
        account: AccountOf,
        /// SHA-256 of the certificate, as `openssl x509 -noout -fingerprint -sha256` prints it, or as base64url.
        #[arg(long)]
        fingerprint: String,
        /// What people call it, such as the machine or the year.
        #[arg(long)]
        label: String,
    },
    /// Unbinds a client certificate, within five seconds; without the last one the account needs none.
    UnbindCertificate {
        #[command(flatten)]
        account: AccountOf,
        /// As with bind-certificate.
        #[arg(long)]
        fingerprint: String,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub enum TokenAction {
    /// Issues a token for a service account; it is printed once and stored nowhere.
    Issue(AccountOf),
    /// Lists the tokens of a service account, without their secrets.
    List(AccountOf),
    /// Issues a successor, printed once and stored nowhere; the old token ends after the overlap.
    Rotate {
        #[command(flatten)]
        token: TokenOf,
        /// For how many minutes the old token still counts.
        #[arg(long, default_value_t = 60)]
        overlap_minutes: i32,
    },
    /// Revokes a token; it is refused everywhere within five seconds.
    Revoke(TokenOf),
}

/// A token of a service account with a grant in a practice.
#[derive(Debug, Clone, Args)]
pub struct TokenOf {
    #[arg(long)]
    pub practice: String,
    /// Id of the token.
    #[arg(long)]
    pub token: String,
}
