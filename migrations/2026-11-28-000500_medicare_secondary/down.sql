ALTER TABLE clinical.coverages DROP COLUMN medicare_secondary_reason;
