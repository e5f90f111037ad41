//! Therapists, patients, coverages, network statuses, sessions and imports.
