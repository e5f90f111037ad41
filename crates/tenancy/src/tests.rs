//! The services against a real database, called as the access layer calls them.

mod accounts;
mod fixture;
mod identity;
mod log_in;
mod memberships;
mod outage;
mod practices;
mod users;
