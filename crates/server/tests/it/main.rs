//! End to end: the real server in process, a real PostgreSQL, real gRPC.

mod crash;
mod flow;
mod harness;
mod tools;
