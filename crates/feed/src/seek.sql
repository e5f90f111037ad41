WITH a AS (
  SELECT * FROM unnest($2::uuid[], $3::bigint[]) AS t (practice_id, position)
), c AS (
  INSERT INTO feed.cursors AS c (practice_id, subscription_id, acked_position, updated_at)
  SELECT a.practice_id, $1, a.position, $4 FROM a ORDER BY a.practice_id
  ON CONFLICT (practice_id, subscription_id) DO UPDATE
    SET acked_position = excluded.acked_position, updated_at = excluded.updated_at
)
UPDATE feed.leases SET epoch = epoch + 1, expires_at = $4 WHERE subscription_id = $1 AND shard = 0 RETURNING epoch AS position
