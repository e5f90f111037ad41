SELECT h.practice_id, h.first_position, h.last_position, coalesce(p.at, c.acked_position) AS acked_position,
  (SELECT e.occurred_at FROM feed.events e
   WHERE e.practice_id = h.practice_id AND e.position > coalesce(p.at, c.acked_position, 0)
   ORDER BY e.position LIMIT 1) AS oldest_unacked_at
FROM unnest($2::uuid[], $3::bigint[]) AS p (practice_id, at)
JOIN feed.heads h ON h.practice_id = p.practice_id
LEFT JOIN feed.cursors c ON c.practice_id = h.practice_id AND c.subscription_id = $1
ORDER BY h.practice_id
