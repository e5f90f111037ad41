//! Protected health information stays wrapped until its audit entry is durable.

use std::fmt;

use uuid::Uuid;

use crate::page::Page;

/// Proof that the access is on record. Only the audit crate may issue one (clippy holds that door).
#[derive(Debug)]
pub struct AuditReceipt(());

impl AuditReceipt {
    /// Issued by the batcher after its commit, and by a committed transaction that appended an entry.
    #[must_use]
    pub const fn issue() -> Self {
        Self(())
    }
}

/// A value that holds PHI. It prints as nothing, and opens only against a receipt.
#[derive(Clone, Copy)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the response: its access is on record.
    pub fn release(self, _receipt: &AuditReceipt) -> T {
        self.0
    }

    /// Looks inside for the service's own work. What is seen must not be answered or logged.
    pub const fn peek(&self) -> &T {
        &self.0
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Phi<U> {
        Phi(f(self.0))
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phi(..)")
    }
}

/// What an audit entry must name: which rows were seen, and whose.
pub trait Disclosed {
    /// `patient`, `claim`, … in the singular.
    const RESOURCE: &'static str;

    /// Calls `each` with the row's id and the patient it speaks of.
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>));
}

impl<T: Disclosed> Disclosed for Vec<T> {
    const RESOURCE: &'static str = T::RESOURCE;
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        self.iter().for_each(|row| row.disclosed(each));
    }
}

impl<T: Disclosed> Disclosed for Page<T> {
    const RESOURCE: &'static str = T::RESOURCE;
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        self.items.disclosed(each);
    }
}

impl<T: Disclosed> Disclosed for Phi<T> {
    const RESOURCE: &'static str = T::RESOURCE;
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        self.0.disclosed(each);
    }
}
