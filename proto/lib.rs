//! Typed gRPC stubs of the therapy-claims backend.
//!
//! Messages are always there; the feature `client` adds the generated clients, `client::Client` and the claim
//! feed's `feed::consume`; the feature `server` adds the generated server traits. Each `<domain>::v1` module is the proto package `therapy.<domain>.v1`.

#[cfg(feature = "client")]
mod backoff;
#[cfg(feature = "client")]
pub mod client;
mod date;
#[cfg(feature = "client")]
pub mod feed;
mod secret;
#[cfg(test)]
mod tests;

/// The proto packages below `therapy`; laid out as the generated code refers to them.
#[allow(
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::clone_on_ref_ptr,
    clippy::doc_markdown,
    clippy::too_long_first_doc_paragraph,
    reason = "generated code"
)]
mod therapy {
    macro_rules! package {
        ($(#[$doc:meta])* $domain:ident, $package:literal) => {
            $(#[$doc])*
            pub mod $domain {
                /// Version 1.
                pub mod v1 {
                    tonic::include_proto!($package);
                }
            }
        };
    }

    package!(
        /// What several domains speak of: addresses, persons, findings.
        common, "therapy.common.v1"
    );
    package!(
        /// Practices, users, memberships and credentials.
        tenancy, "therapy.tenancy.v1"
    );
    package!(
        /// Therapists, patients, coverages and sessions.
        clinical, "therapy.clinical.v1"
    );
    package!(
        /// Claims, the claim feed and what payers answer.
        claims, "therapy.claims.v1"
    );
    package!(
        /// Who did what.
        audit, "therapy.audit.v1"
    );
    package!(
        /// Figures of a practice.
        analytics, "therapy.analytics.v1"
    );
}

pub use therapy::{analytics, audit, claims, clinical, common, tenancy};

/// The few googleapis messages that the stubs use.
pub mod google {
    /// Common value types.
    pub mod r#type {
        tonic::include_proto!("google.r#type");
    }
}

/// The descriptors of all packages with their options and imports, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("descriptor");

/// Every RPC with what it declares in its proto, by path.
pub static METHODS: &[Method] = include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// What the RPC with that path declares; `None` for paths of other interfaces, such as health and reflection.
#[must_use]
pub fn method(path: &str) -> Option<&'static Method> {
    METHODS.binary_search_by(|method| method.path.cmp(path)).ok().and_then(|index| METHODS.get(index))
}

/// What an RPC declares about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Method {
    /// Path of the RPC, such as `/therapy.clinical.v1.PatientService/GetPatient`.
    pub path: &'static str,
    /// The permission that a caller needs, such as `patients.read`.
    pub permission: &'static str,
    /// What it does with protected health information.
    pub phi: Phi,
    /// Whether it changes state under a key: a `request_id`, or a key in each message where the client streams.
    pub mutates: bool,
    /// Number of the request's field `request_id`.
    pub request_id: Option<u32>,
    /// Whether the client sends a stream.
    pub client_streaming: bool,
    /// Whether the server answers a stream.
    pub server_streaming: bool,
}

/// What an RPC does with protected health information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phi {
    /// Touches none.
    None,
    /// Discloses some.
    Read,
    /// Records or changes some, and may disclose it too.
    Write,
}
