//! Practices, users, memberships, service accounts and tokens: who calls, and from where.
//!
//! People and credentials are global, so row-level security by practice can't guard them: their stores ask
//! SECURITY DEFINER functions, which answer only what the caller may know. Whether somebody may do something is
//! decided in `kernel::access`; this crate supplies the facts.

pub mod account;
pub mod auth;
pub mod break_glass;
pub mod directory;
pub mod membership;
pub mod one_time;
pub mod operator;
pub mod password;
pub mod practice;
pub mod throttle;
pub mod token;
pub mod totp;
pub mod user;

#[cfg(test)]
mod tests;
