WITH l AS (
  SELECT 1 FROM feed.leases WHERE subscription_id = $1 AND shard = 0 AND epoch = $2 FOR SHARE
), a AS (
  SELECT * FROM unnest($3::uuid[], $4::bigint[]) AS t (practice_id, position)
)
INSERT INTO feed.cursors AS c (practice_id, subscription_id, acked_position, updated_at)
SELECT a.practice_id, $1, a.position, $5 FROM l, a ORDER BY a.practice_id
ON CONFLICT (practice_id, subscription_id) DO UPDATE
  SET acked_position = greatest(c.acked_position, excluded.acked_position), updated_at = excluded.updated_at
RETURNING c.practice_id, c.acked_position
