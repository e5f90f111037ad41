//! End to end: the real server in process, a real PostgreSQL, real gRPC.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod access;
mod admin;
mod archive;
mod break_glass;
mod canary;
mod certificates;
mod checkpoints;
mod claim_actions;
mod crash;
mod credentials;
mod denied;
mod dropped;
mod dynamic;
mod ending;
mod faults;
mod flow;
mod garbage;
mod harness;
mod isolation;
mod kill;
mod marks;
mod mortal;
mod operator;
mod ready;
mod repeated;
mod seen;
mod shut_out;
mod surface;
mod tools;
mod trail;
mod watch;
mod within;
mod world;
