//! What the contract declares of each RPC: who may call it, and whether PHI passes through.

use crate::access::Permission;

/// Whether an RPC touches protected health information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhiUse {
    None,
    Read,
    Write,
}

/// One RPC, as its proto options declare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// `/package.Service/Method`.
    pub path: &'static str,
    pub permission: Permission,
    pub phi: PhiUse,
    /// Changes something, and therefore takes a `request_id`.
    pub mutates: bool,
    /// The answer is a stream.
    pub streams: bool,
}
