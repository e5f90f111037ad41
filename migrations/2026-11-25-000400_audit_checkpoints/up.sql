-- How far the audit log was checkpointed. The checkpoints themselves, signed, lie outside the database.

CREATE TABLE audit.checkpoints (
  practice_id uuid        NOT NULL,
  size        bigint      NOT NULL,
  peaks       bytea       NOT NULL,
  exported_at timestamptz NOT NULL,
  CONSTRAINT checkpoints_pkey PRIMARY KEY (practice_id),
  CONSTRAINT checkpoints_size_check CHECK (size > 0),
  CONSTRAINT checkpoints_peaks_check CHECK (octet_length(peaks) = 32 * bit_count(size::bit(64)))
) WITH (fillfactor = 50);
COMMENT ON TABLE audit.checkpoints IS 'How far each practice''s audit log was checkpointed, so that the next checkpoint needs the entries since only. Nothing is believed for standing here: it must agree with the newest checkpoint in the store. A row that was removed is computed anew.';
COMMENT ON COLUMN audit.checkpoints.size IS 'Entries that the newest checkpoint is over: positions 1 to size.';
COMMENT ON COLUMN audit.checkpoints.peaks IS 'Roots of the complete subtrees of the Merkle tree of that size, the largest first, 32 bytes each.';
COMMENT ON COLUMN audit.checkpoints.exported_at IS 'When the newest checkpoint was stored, the service''s clock.';
SELECT ops.protect('audit.checkpoints');
CREATE POLICY archiver ON audit.checkpoints TO claims_archiver USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (size, peaks, exported_at) ON audit.checkpoints TO claims_archiver;

GRANT USAGE ON SCHEMA audit TO claims_archiver;
GRANT SELECT ON audit.entries, audit.heads TO claims_archiver;
CREATE POLICY archiver ON audit.entries FOR SELECT TO claims_archiver USING (true);
CREATE POLICY archiver ON audit.heads FOR SELECT TO claims_archiver USING (true);
