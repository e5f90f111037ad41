-- Which files of the archive were verified, and when: a month's entries leave the database when two runs found them good.

CREATE TABLE audit.archive_checks (
  practice_id    uuid        NOT NULL,
  month          date        NOT NULL,
  run            uuid        NOT NULL,
  first_position bigint      NOT NULL,
  last_position  bigint      NOT NULL,
  sha256         bytea       NOT NULL,
  checked_at     timestamptz NOT NULL,
  CONSTRAINT archive_checks_pkey PRIMARY KEY (practice_id, month, run),
  CONSTRAINT archive_checks_month_check CHECK (extract(day FROM month) = 1),
  CONSTRAINT archive_checks_positions_check CHECK (first_position BETWEEN 1 AND last_position),
  CONSTRAINT archive_checks_sha256_check CHECK (octet_length(sha256) = 32)
);
COMMENT ON TABLE audit.archive_checks IS 'Files of the archive that claimsd audit retain found good: against the database, row by row, and against the signed checkpoints. Only ever added to. Two of different runs and of the same bytes let the month be detached, after the file was hashed once more; nothing else is believed for standing here.';
COMMENT ON COLUMN audit.archive_checks.month IS 'The month of the file, by its first day, in UTC.';
COMMENT ON COLUMN audit.archive_checks.run IS 'The run of the command.';
COMMENT ON COLUMN audit.archive_checks.sha256 IS 'Digest of the file.';
COMMENT ON COLUMN audit.archive_checks.checked_at IS 'When the run began, by the clock of who ran it.';
SELECT ops.protect('audit.archive_checks');
SELECT ops.append_only('audit.archive_checks');
CREATE POLICY archiver ON audit.archive_checks FOR SELECT TO claims_archiver USING (true);
-- nobody who serves may add one: the operator does, who can also detach
GRANT SELECT ON audit.archive_checks TO claims_archiver;
