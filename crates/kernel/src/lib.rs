//! What every crate speaks: ids, request context, permissions, errors, paging, etags, the PHI wrapper.
//!
//! Nothing here does I/O, and nothing here may know a domain: a type belongs in the kernel only when
//! two domain crates need the very same one.

pub mod access;
pub mod address;
pub mod clock;
pub mod ctx;
pub mod error;
pub mod etag;
pub mod fingerprint;
pub mod id;
pub mod mask;
pub mod method;
pub mod money;
pub mod npi;
pub mod page;
pub mod phi;
pub mod scope;
pub mod status;
pub mod text_enum;
pub mod violations;

#[doc(hidden)]
pub use serde; // for text_enum!

pub use access::{Permission, Role};
pub use clock::Clock;
pub use ctx::{Call, Ctx, answer};
pub use error::{Code, Detail, Failure};
pub use fingerprint::Fingerprint;
pub use id::{Id, PracticeId};
pub use page::{Page, PageRequest};
pub use phi::{AuditReceipt, Phi};
pub use scope::Scope;
pub use violations::Violations;
