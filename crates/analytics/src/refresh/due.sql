-- the newest session is looked up, as an EXISTS would be planned as if there were many
SELECT w.position IS NULL
    OR h.last_position > w.position
    OR coalesce((SELECT s.updated_at FROM clinical.sessions s WHERE s.practice_id = $1 ORDER BY s.updated_at DESC LIMIT 1)
                >= w.updated_at - $2 * interval '1 second', false) AS due
FROM feed.heads h
LEFT JOIN analytics.watermarks w ON w.practice_id = $1
WHERE h.practice_id = $1
