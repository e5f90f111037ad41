CREATE INDEX inbound_files_open_idx ON claims.inbound_files (practice_id, id) WHERE state = 'received';
DROP FUNCTION claims.batch_resolve(uuid, uuid, timestamptz);
ALTER TABLE claims.interchanges DROP CONSTRAINT interchanges_batch_key;
