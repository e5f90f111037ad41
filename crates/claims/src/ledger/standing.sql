SELECT kind, group_code, reason_code, sum(amount) AS amount,
       max(occurred_on) FILTER (WHERE acknowledgment_id IS NOT NULL) AS occurred_on
FROM claims.ledger_entries
WHERE practice_id = $1 AND claim_id = $2
GROUP BY kind, group_code, reason_code
HAVING sum(amount) <> 0
ORDER BY kind, group_code, reason_code
