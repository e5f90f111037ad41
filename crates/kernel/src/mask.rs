//! Update masks (AIP-134): which fields an update touches.

use prost_types::FieldMask;

use crate::violations::Violations;

/// The fields that a request wants changed.
#[derive(Debug, Clone)]
pub struct Mask(Vec<&'static str>);

impl Mask {
    /// Reads `update_mask` against the fields that may be updated. `*` means all of them; unknown and output-only
    /// paths are violations, and so is an empty mask: an update that names nothing is a mistake.
    pub fn parse(v: &mut Violations, mask: Option<&FieldMask>, updatable: &[&'static str]) -> Self {
        let paths = mask.map_or(&[][..], |m| m.paths.as_slice());
        if paths.is_empty() {
            v.add("update_mask", "must name the fields to change, or \"*\"");
        }
        let mut fields = Vec::new();
        for (i, path) in paths.iter().enumerate() {
            if path == "*" {
                fields.extend_from_slice(updatable);
            } else if let Some(field) = updatable.iter().find(|f| *f == path) {
                fields.push(*field);
            } else {
                v.add(&format!("update_mask.paths[{i}]"), "is not a field that can be updated");
            }
        }
        Self(fields)
    }

    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.0.contains(&field)
    }

    /// The value when the mask names the field: what an `AsChangeset` patch wants.
    pub fn pick<T>(&self, field: &str, value: impl FnOnce() -> T) -> Option<T> {
        self.has(field).then(value)
    }

    /// Reads a whole message and keeps only the violations of the fields that the mask names: the rules are those of
    /// a new resource, and what is not to be changed may be left out.
    pub fn read<T>(&self, v: &mut Violations, read: impl FnOnce(&mut Violations) -> T) -> T {
        let mut all = Violations::new();
        let value = read(&mut all);
        for violation in all.into_list() {
            let top = violation.field.split(['.', '[']).next().unwrap_or_default();
            if self.has(top) {
                v.add(&violation.field, &violation.description);
            }
        }
        value
    }
}
