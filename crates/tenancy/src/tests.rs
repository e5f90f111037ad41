//! The services against a real database, called as the access layer calls them.

mod accounts;
mod certificates;
mod comings;
mod fixture;
mod identity;
mod log_in;
mod memberships;
mod outage;
mod passwords;
mod practices;
mod second_factor;
mod users;
