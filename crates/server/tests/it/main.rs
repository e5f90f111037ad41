//! End to end: the real server in process, a real PostgreSQL, real gRPC.

mod flow;
mod harness;
mod tools;
