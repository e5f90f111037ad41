//! End to end: the real server in process, a real PostgreSQL, real gRPC.

mod contract;
mod crash;
mod dynamic;
mod flow;
mod harness;
mod isolation;
mod surface;
mod tools;
mod trail;
mod world;
