\set n 100000000000
\set p 100000 + random(1, :practices)
BEGIN;
{entries}
COMMIT;
