//! The contract's table of RPCs, as the kernel understands it.

use std::collections::HashMap;

use kernel::Permission;
use kernel::method::{Method, PhiUse};
use therapy_claims::{METHODS, Phi};

/// Every RPC by its path.
pub type Methods = HashMap<&'static str, &'static Method>;

/// An RPC declares something that this server does not know.
#[derive(Debug, thiserror::Error)]
#[error("{path} declares the permission {permission}, which does not exist")]
pub struct UnknownPermission {
    path: &'static str,
    permission: &'static str,
}

/// Reads the declarations of all RPCs. A server that can't read one must not start.
///
/// # Errors
/// Names the RPC whose permission is unknown.
pub fn methods() -> Result<Methods, UnknownPermission> {
    METHODS
        .iter()
        .map(|declared| {
            let therapy_claims::Method { path, permission, phi, mutates, server_streaming, .. } = *declared;
            let permission: Permission =
                permission.parse().map_err(|_unknown| UnknownPermission { path, permission })?;
            let phi = match phi {
                Phi::None => PhiUse::None,
                Phi::Read => PhiUse::Read,
                Phi::Write => PhiUse::Write,
            };
            // one small table for the life of the process
            let method: &'static Method =
                Box::leak(Box::new(Method { path, permission, phi, mutates, streams: server_streaming }));
            Ok((path, method))
        })
        .collect()
}
