WITH e AS (
  SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::integer[], $6::text[], $7::text[], $8::bytea[], $9::timestamptz[])
    WITH ORDINALITY AS t (event_id, subject_id, subject_version, ordinal, type, payer_id, payload, occurred_at, n)
), h AS (
  UPDATE feed.heads SET last_position = last_position + (SELECT count(*) FROM e) WHERE practice_id = $1 RETURNING last_position
)
INSERT INTO feed.events (practice_id, position, event_id, subject_id, subject_version, ordinal, type, payer_id, payload, occurred_at)
SELECT $1, h.last_position - (SELECT count(*) FROM e) + e.n, e.event_id, e.subject_id, e.subject_version, e.ordinal, e.type, e.payer_id,
       e.payload, e.occurred_at
FROM h, e
RETURNING position
