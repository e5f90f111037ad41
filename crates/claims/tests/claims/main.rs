//! `ClaimService` and `ClearinghouseService` against the real database: each test calls the handlers as the server does.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod actions;
mod answers;
mod batch;
mod beside;
mod cancel;
mod catalog;
mod create;
mod desk;
mod feed;
mod files;
mod filing;
mod following;
mod ingest;
mod listing;
mod medicare;
mod model;
mod money;
mod reading;
mod ready;
mod reference;
mod remittances;
mod replacing;
mod reversing;
mod submit;
mod timeline;
mod transitions;
mod transmissions;
mod update;
mod upstream;
mod waiting;
mod walks;
mod world;
