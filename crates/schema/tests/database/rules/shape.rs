//! Rules 4, 6 and 9: types, partitions and comments.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "4: only types whose comparisons are leakproof or that are never compared: no enum, varchar, float, money, timestamp",
        violations: "
            SELECT format('%s.%s %s', o.name, a.attname, format_type(a.atttypid, a.atttypmod)) AS line
            FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid
            WHERE a.attnum > 0 AND NOT a.attisdropped AND a.atttypid::regtype NOT IN ('uuid', 'text', 'date', 'timestamptz', 'numeric',
              'jsonb', 'bool', 'bytea', 'int4', 'int8', 'text[]', 'uuid[]')",
        bad: "CREATE TYPE clinical.mood AS ENUM ('good', 'bad'); ALTER TABLE clinical.sessions ADD COLUMN mood clinical.mood",
        reports: "clinical.sessions.mood",
    },
    Rule {
        name: "4: money is numeric(12,2)",
        violations: "
            SELECT format('%s.%s', o.name, a.attname) AS line FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid
            WHERE a.atttypid = 'numeric'::regtype AND format_type(a.atttypid, a.atttypmod) <> 'numeric(12,2)'",
        bad: "ALTER TABLE clinical.sessions ADD COLUMN tip numeric",
        reports: "clinical.sessions.tip",
    },
    Rule {
        name: "4: closed sets have a CHECK",
        violations: "
            SELECT format('%s.%s', o.name, a.attname) AS line FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid
            WHERE o.relkind IN ('r', 'p') AND NOT o.relispartition AND a.atttypid = 'text'::regtype AND NOT a.attisdropped
              AND a.attname ~ '(^|_)(status|state|kind|role|disposition|outcome|action|purpose|sequence|relationship|modality|sex|frequency)$'
              -- postal codes of states, and what an actor acted as: role or scope
              AND a.attname NOT IN ('license_state', 'patient_state', 'subscriber_state', 'pay_to_state', 'actor_role')
              AND NOT (a.attname = 'state' AND o.name IN ('tenancy.practices', 'clinical.patients'))
              AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = o.oid AND k.contype = 'c' AND a.attnum = ANY (k.conkey))",
        bad: "ALTER TABLE clinical.sessions ADD COLUMN billing_state text",
        reports: "clinical.sessions.billing_state",
    },
    Rule {
        name: "4: no index filters on what is not leakproof",
        violations: "
            SELECT i.indexrelid::regclass::text AS line
            FROM tenant t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey::int2[])
            WHERE a.atttypid::regtype IN ('numeric', 'jsonb', 'text[]', 'uuid[]')
              -- identifies a payment, is no filter
              AND i.indexrelid::regclass::text <> 'claims.remittances_identity_key'",
        bad: "CREATE INDEX bad_idx ON claims.claims (practice_id, charge_amount)",
        reports: "claims.bad_idx",
    },
    Rule {
        name: "4: no index on an expression of a tenant table, unless it is an exclusion: functions are not leakproof",
        violations: "
            SELECT i.indexrelid::regclass::text AS line FROM tenant t JOIN pg_index i ON i.indrelid = t.oid
            WHERE i.indexprs IS NOT NULL AND NOT i.indisexclusion
              -- a CASE of columns and an element call no function; the plan tests of the audit log hold them to being used
              AND i.indexrelid::regclass::text NOT IN ('audit.entries_actor_idx', 'audit.entries_patient_idx')",
        bad: "CREATE INDEX bad_idx ON clinical.patients (practice_id, lower(last_name))",
        reports: "clinical.bad_idx",
    },
    Rule {
        name: "6: audit.entries and feed.events, and nothing else, are partitioned, by range, with a default partition",
        violations: "
            SELECT name AS line FROM ours WHERE relkind = 'p' AND name NOT IN ('audit.entries', 'feed.events')
            UNION ALL
            SELECT wanted FROM unnest(ARRAY['audit.entries', 'feed.events']) AS wanted
            WHERE NOT EXISTS (SELECT FROM pg_partitioned_table p
                              WHERE p.partrelid = wanted::regclass AND p.partstrat = 'r' AND p.partdefid <> 0)",
        bad: "DROP TABLE feed.events_default",
        reports: "feed.events",
    },
    Rule {
        name: "6: this month and the next have their partitions",
        violations: "
            SELECT format('%s_%s', parent, to_char(month, 'YYYY_MM')) AS line
            FROM unnest(ARRAY['audit.entries', 'feed.events']) AS parent,
              generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'), now() AT TIME ZONE 'UTC' + interval '1 month', interval '1 month') AS month
            WHERE NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = parent::regclass
                              AND h.inhrelid::regclass::text = format('%s_%s', parent, to_char(month, 'YYYY_MM')))",
        bad: "DO $$ BEGIN EXECUTE format('ALTER TABLE feed.events DETACH PARTITION feed.events_%s', to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')); END $$",
        reports: "feed.events_20",
    },
    Rule {
        name: "6: what is only added to refuses changes, also in its partitions",
        violations: "
            SELECT wanted.name AS line FROM (
              SELECT unnest(ARRAY['audit.entries', 'feed.events']) AS name
              UNION ALL SELECT name FROM ours WHERE relispartition) AS wanted
            -- 1 row, 2 before, 8 delete, 16 update, 32 truncate
            WHERE 2 <> (SELECT count(DISTINCT t.tgtype) FROM pg_trigger t
                        WHERE t.tgrelid = wanted.name::regclass AND t.tgfoid = 'ops.refuse_change'::regproc AND t.tgenabled = 'O'
                          AND t.tgtype IN (1 + 2 + 8 + 16, 2 + 32))",
        bad: "ALTER TABLE audit.entries DISABLE TRIGGER append_only_table",
        reports: "audit.entries",
    },
    Rule {
        name: "9: every table and view has a comment",
        violations: "
            SELECT name AS line FROM ours o WHERE NOT (relispartition AND name NOT LIKE '%_default') AND obj_description(o.oid) IS NULL",
        bad: "COMMENT ON TABLE clinical.patients IS NULL",
        reports: "clinical.patients",
    },
    Rule {
        name: "9: every column that its name and type do not explain has a comment",
        violations: "
            SELECT format('%s.%s', o.name, a.attname) AS line FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid
            WHERE o.relkind IN ('r', 'p') AND NOT o.relispartition AND a.attnum > 0 AND NOT a.attisdropped
              AND (a.atttypid::regtype IN ('jsonb', 'bytea', 'text[]', 'uuid[]') OR a.attname = 'version')
              AND col_description(o.oid, a.attnum) IS NULL",
        bad: "ALTER TABLE clinical.sessions ADD COLUMN extra jsonb",
        reports: "clinical.sessions.extra",
    },
    Rule {
        name: "9: every function has a comment",
        violations: "
            SELECT p.oid::regprocedure::text AS line FROM pg_proc p
            WHERE p.proowner = 'claims_owner'::regrole AND obj_description(p.oid) IS NULL",
        bad: "COMMENT ON FUNCTION tenancy.enter(uuid, integer) IS NULL",
        reports: "tenancy.enter(uuid,integer)",
    },
];
