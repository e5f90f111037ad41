DROP FUNCTION feed.subscription_seek(uuid, text, uuid[], bigint[], timestamptz);
DROP TABLE feed.cursors;
DROP TABLE feed.leases;
DROP TABLE feed.subscriptions;
DROP TABLE feed.events;
DROP TRIGGER practices_open_feed ON tenancy.practices;
DROP TABLE feed.heads;
DROP FUNCTION feed.open_head();
REVOKE USAGE ON SCHEMA feed FROM claims_app, claims_feed;
