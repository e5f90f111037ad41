//! Audit entries, the durable batcher and the AuditService.
