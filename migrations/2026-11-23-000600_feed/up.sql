-- The event feed: what happened, in commit order per practice, and who has read how far. Knows nothing of
-- claims: an event is about a subject (an id and its version).

GRANT USAGE ON SCHEMA feed TO claims_app, claims_feed;

CREATE TABLE feed.heads (
  practice_id    uuid   NOT NULL,
  last_position  bigint NOT NULL DEFAULT 0,
  first_position bigint NOT NULL DEFAULT 1,
  CONSTRAINT heads_pkey PRIMARY KEY (practice_id),
  CONSTRAINT heads_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT heads_positions_check CHECK (last_position >= 0 AND first_position >= 1 AND first_position <= last_position + 1)
) WITH (fillfactor = 50);
COMMENT ON TABLE feed.heads IS 'The last position given out per practice. Appending takes this row''s lock as the last statement before COMMIT, so positions are gapless and in commit order.';
COMMENT ON COLUMN feed.heads.first_position IS 'The oldest event still here; a cursor before it is too old.';
SELECT ops.protect('feed.heads');
GRANT SELECT, UPDATE (last_position) ON feed.heads TO claims_app;
GRANT SELECT ON feed.heads TO claims_feed;
CREATE POLICY consumer ON feed.heads FOR SELECT TO claims_feed USING (true);

CREATE FUNCTION feed.open_head() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO feed.heads (practice_id) VALUES (NEW.id);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION feed.open_head() IS 'Gives every new practice its feed head, however the practice was inserted.';
CREATE POLICY open_head ON feed.heads FOR INSERT TO claims_owner WITH CHECK (true);
CREATE TRIGGER practices_open_feed AFTER INSERT ON tenancy.practices FOR EACH ROW EXECUTE FUNCTION feed.open_head();

CREATE TABLE feed.events (
  practice_id     uuid        NOT NULL,
  position        bigint      NOT NULL,
  recorded_month  date        NOT NULL DEFAULT date_trunc('month', now() AT TIME ZONE 'UTC')::date,
  event_id        uuid        NOT NULL,
  subject_id      uuid        NOT NULL,
  subject_version bigint      NOT NULL,
  ordinal         integer     NOT NULL DEFAULT 0,
  type            text        NOT NULL,
  payer_id        text,
  payload         bytea       NOT NULL,
  occurred_at     timestamptz NOT NULL,
  CONSTRAINT events_pkey PRIMARY KEY (practice_id, position, recorded_month),
  CONSTRAINT events_subject_key UNIQUE (practice_id, subject_id, subject_version, ordinal, recorded_month)
) PARTITION BY RANGE (recorded_month);
COMMENT ON TABLE feed.events IS 'What happened to claims; the stream is this table. Partitioned by month, only ever added to; old months leave by DETACH.';
COMMENT ON COLUMN feed.events.position IS 'From the practice''s head: 1, 2, 3 … in commit order.';
COMMENT ON COLUMN feed.events.recorded_month IS 'First day of the month (UTC, the database''s clock) it was appended: the partition key. Left to its default. A month and not an instant, so that the unique key on subject, version and ordinal makes a double append fail.';
COMMENT ON COLUMN feed.events.subject_id IS 'The claim.';
COMMENT ON COLUMN feed.events.subject_version IS 'The claim''s version after the change.';
COMMENT ON COLUMN feed.events.ordinal IS 'Counts the events of one change from 0.';
COMMENT ON COLUMN feed.events.payer_id IS 'For filtered subscriptions.';
COMMENT ON COLUMN feed.events.payload IS 'The event message as sent: ids, states, amounts; no names, no diagnoses.';
COMMENT ON COLUMN feed.events.occurred_at IS 'The service''s clock.';
CREATE TABLE feed.events_default PARTITION OF feed.events DEFAULT;
COMMENT ON TABLE feed.events_default IS 'Catches what no monthly partition takes, so that a missing partition never loses a write.';
SELECT ops.protect('feed.events');
SELECT ops.append_only('feed.events');
SELECT ops.guard_partition('feed.events_default');
GRANT SELECT, INSERT ON feed.events TO claims_app;
GRANT SELECT ON feed.events TO claims_feed;
CREATE POLICY consumer ON feed.events FOR SELECT TO claims_feed USING (true);

CREATE TABLE feed.subscriptions (
  id          uuid        NOT NULL,
  account_id  uuid        NOT NULL,
  name        text        NOT NULL,
  is_active   boolean     NOT NULL DEFAULT true,
  version     bigint      NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT subscriptions_pkey PRIMARY KEY (id),
  CONSTRAINT subscriptions_name_key UNIQUE (account_id, name),
  CONSTRAINT subscriptions_account_fkey FOREIGN KEY (account_id) REFERENCES tenancy.service_accounts (id)
);
COMMENT ON TABLE feed.subscriptions IS 'A named reader of the feed. Belongs to a service account and covers all practices granted to it, so it has no practice_id; no PHI.';
COMMENT ON COLUMN feed.subscriptions.version IS 'Counts updates.';
GRANT SELECT, INSERT, UPDATE ON feed.subscriptions TO claims_feed;
GRANT SELECT ON feed.subscriptions TO claims_app;

CREATE TABLE feed.leases (
  subscription_id uuid        NOT NULL,
  shard           integer     NOT NULL DEFAULT 0,
  epoch           bigint      NOT NULL DEFAULT 1,
  holder          uuid        NOT NULL,
  expires_at      timestamptz NOT NULL,
  CONSTRAINT leases_pkey PRIMARY KEY (subscription_id, shard),
  CONSTRAINT leases_subscription_fkey FOREIGN KEY (subscription_id) REFERENCES feed.subscriptions (id),
  CONSTRAINT leases_shard_check CHECK (shard >= 0)
);
COMMENT ON TABLE feed.leases IS 'Which stream serves a subscription now. A new holder counts the epoch up; acknowledgements of an older epoch are refused.';
COMMENT ON COLUMN feed.leases.shard IS 'Slice of the practices by hash; 0 while a subscription has one stream.';
COMMENT ON COLUMN feed.leases.holder IS 'Id of the stream; the nil UUID after a seek, until a stream takes the lease.';
GRANT SELECT, INSERT, UPDATE ON feed.leases TO claims_feed;
GRANT SELECT ON feed.leases TO claims_app;

CREATE TABLE feed.cursors (
  practice_id       uuid        NOT NULL,
  subscription_id   uuid        NOT NULL,
  acked_position    bigint      NOT NULL DEFAULT 0,
  acked_fingerprint bigint,
  updated_at        timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT cursors_pkey PRIMARY KEY (practice_id, subscription_id),
  CONSTRAINT cursors_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT cursors_subscription_fkey FOREIGN KEY (subscription_id) REFERENCES feed.subscriptions (id),
  CONSTRAINT cursors_acked_position_check CHECK (acked_position >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE feed.cursors IS 'How far a subscription has acknowledged a practice''s events.';
COMMENT ON COLUMN feed.cursors.acked_position IS 'Exclusive: the next event is the one behind it.';
COMMENT ON COLUMN feed.cursors.acked_fingerprint IS '64 bits of the last acknowledged event: shows a history that diverged after a failover or restore.';
SELECT ops.protect('feed.cursors');
GRANT SELECT, INSERT, UPDATE ON feed.cursors TO claims_app, claims_feed;
CREATE POLICY consumer ON feed.cursors FOR ALL TO claims_feed USING (true) WITH CHECK (true);
CREATE POLICY access_functions ON feed.cursors FOR ALL TO claims_owner USING (true) WITH CHECK (true);

CREATE FUNCTION feed.subscription_seek(p_account_id uuid, p_name text, p_practices uuid[], p_positions bigint[], p_at timestamptz)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  new_epoch bigint;
  subscription uuid;
BEGIN
  -- the lease before the cursors, as acknowledging does
  UPDATE feed.leases l SET epoch = l.epoch + 1, holder = '00000000-0000-0000-0000-000000000000', expires_at = p_at
    FROM feed.subscriptions s
    WHERE s.account_id = p_account_id AND s.name = p_name AND l.subscription_id = s.id AND l.shard = 0
    RETURNING l.epoch, l.subscription_id INTO new_epoch, subscription;
  IF subscription IS NOT NULL THEN
    INSERT INTO feed.cursors AS c (practice_id, subscription_id, acked_position, updated_at)
      SELECT t.practice_id, subscription, t.position, p_at
      FROM unnest(p_practices, p_positions) AS t (practice_id, position)
      JOIN tenancy.service_grants g ON g.practice_id = t.practice_id AND g.account_id = p_account_id
      WHERE 'claims:stream' = ANY (g.scopes) AND g.valid_from <= p_at AND (g.valid_to IS NULL OR p_at < g.valid_to)
      ORDER BY t.practice_id
      ON CONFLICT (practice_id, subscription_id) DO UPDATE
        SET acked_position = excluded.acked_position, updated_at = excluded.updated_at;
  END IF;
  RETURN new_epoch;
END $$;
COMMENT ON FUNCTION feed.subscription_seek(uuid, text, uuid[], bigint[], timestamptz) IS
  'Moves a subscription of that account in those of the practices that it may read at that time, and ends its open stream: the lease has no holder then. Answers the new epoch; NULL when there is no such subscription.';
GRANT EXECUTE ON FUNCTION feed.subscription_seek(uuid, text, uuid[], bigint[], timestamptz) TO claims_app;
