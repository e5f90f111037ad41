-- Idempotency: a mutating request and its answer, stored in the transaction of its effect.

CREATE TABLE ops.requests (
  practice_id  uuid        NOT NULL,
  caller_id    uuid        NOT NULL,
  method       text        NOT NULL,
  request_id   uuid        NOT NULL,
  request_hash bytea       NOT NULL,
  response     bytea,
  memo         bytea,
  created_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT requests_pkey PRIMARY KEY (practice_id, caller_id, method, request_id),
  CONSTRAINT requests_request_hash_check CHECK (octet_length(request_hash) = 32)
);
COMMENT ON TABLE ops.requests IS 'Requests that were carried out, by their client-made id, with the answer to give when they come again. Kept 30 days. The nil UUID practice holds those that belong to none.';
COMMENT ON COLUMN ops.requests.caller_id IS 'User or service account.';
COMMENT ON COLUMN ops.requests.method IS 'The RPC.';
COMMENT ON COLUMN ops.requests.request_hash IS 'SHA-256 of the request: the same id with other content is refused.';
COMMENT ON COLUMN ops.requests.response IS 'The encoded response; empty only inside the transaction that is making it. May hold PHI.';
COMMENT ON COLUMN ops.requests.memo IS 'What the audit entry of a repeat needs: action, resource, ids.';
SELECT ops.protect('ops.requests');
GRANT SELECT, INSERT, UPDATE (response, memo) ON ops.requests TO claims_app;
