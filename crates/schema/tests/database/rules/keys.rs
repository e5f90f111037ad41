//! Rules 2, 3 and 5: keys, references and indexes stay inside a practice.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "1: the primary key of a tenant table starts with its practice",
        violations: "
            SELECT name AS line FROM tenant t
            WHERE name NOT IN ('claims.claim_numbers', 'claims.interchanges') AND NOT EXISTS (
              SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
              WHERE i.indrelid = t.oid AND i.indisprimary AND a.attname = t.key)",
        bad: "CREATE TABLE clinical.bad (practice_id uuid NOT NULL, id uuid, PRIMARY KEY (id, practice_id))",
        reports: "clinical.bad",
    },
    Rule {
        name: "2: unique keys and exclusions contain the practice",
        violations: "
            SELECT i.indexrelid::regclass::text AS line
            FROM tenant t JOIN pg_index i ON i.indrelid = t.oid
            WHERE (i.indisunique OR i.indisexclusion) AND i.indexrelid::regclass::text NOT IN ('claims.claim_numbers_pkey', 'claims.interchanges_pkey')
              AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = t.key AND a.attnum = ANY (i.indkey::int2[]))",
        bad: "CREATE UNIQUE INDEX bad_key ON clinical.therapists (npi)",
        reports: "clinical.bad_key",
    },
    Rule {
        name: "2: exclusions contain the practice",
        violations: "
            SELECT k.conname::text AS line FROM tenant t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'x'
            WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = t.key AND a.attnum = ANY (k.conkey))",
        bad: "ALTER TABLE clinical.network_statuses ADD CONSTRAINT bad EXCLUDE USING gist (therapist_id WITH =)",
        reports: "bad",
    },
    Rule {
        name: "2: references between tenant tables tie practice to practice",
        violations: "
            SELECT k.conname::text AS line
            FROM pg_constraint k JOIN tenant t ON t.oid = k.conrelid JOIN tenant r ON r.oid = k.confrelid
            WHERE k.contype = 'f' AND NOT EXISTS (
              SELECT FROM unnest(k.conkey, k.confkey) AS pair (mine, theirs)
              JOIN pg_attribute m ON m.attrelid = k.conrelid AND m.attnum = pair.mine
              JOIN pg_attribute h ON h.attrelid = k.confrelid AND h.attnum = pair.theirs
              WHERE m.attname = t.key AND h.attname = r.key)",
        bad: "CREATE UNIQUE INDEX patients_alone ON clinical.patients (id);
              ALTER TABLE clinical.sessions ADD CONSTRAINT bad FOREIGN KEY (patient_id) REFERENCES clinical.patients (id)",
        reports: "bad",
    },
    Rule {
        name: "2: deleting a referenced row is refused, it takes and changes nothing else",
        violations: "
            SELECT k.conname::text AS line FROM pg_constraint k
            WHERE k.contype = 'f' AND (k.confdeltype NOT IN ('a', 'r') OR k.confupdtype NOT IN ('a', 'r'))",
        bad: "ALTER TABLE clinical.sessions ADD CONSTRAINT bad FOREIGN KEY (practice_id, patient_id)
                REFERENCES clinical.patients (practice_id, id) ON DELETE SET NULL",
        reports: "bad",
    },
    Rule {
        name: "2: the only global keys are the numbers that answers come back with",
        violations: "
            SELECT t.name AS line FROM tenant t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_attribute a
              ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
            WHERE i.indisprimary AND a.attname <> t.key AND t.name NOT IN ('claims.claim_numbers', 'claims.interchanges')
            UNION ALL
            -- they stay narrow, and nobody reads them but through their functions
            SELECT format('%s.%s', a.attrelid::regclass, a.attname) FROM pg_attribute a
            WHERE a.attrelid IN ('claims.claim_numbers'::regclass, 'claims.interchanges'::regclass) AND a.attnum > 0 AND NOT a.attisdropped
              AND a.attname NOT IN ('claim_number', 'control_number', 'practice_id', 'claim_id', 'batch_id')
            UNION ALL
            SELECT format('%s %s', c.oid::regclass, a.privilege_type) FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.oid IN ('claims.claim_numbers'::regclass, 'claims.interchanges'::regclass) AND a.grantee <> c.relowner AND a.privilege_type <> 'INSERT'",
        bad: "ALTER TABLE claims.claim_numbers ADD COLUMN patient_name text",
        reports: "claims.claim_numbers.patient_name",
    },
    Rule {
        name: "3: ids come from the service: no serial, no identity, no generated uuid",
        violations: "
            SELECT format('%s.%s', t.name, a.attname) AS line
            FROM tenant t JOIN pg_attribute a ON a.attrelid = t.oid LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
            WHERE a.attnum > 0 AND NOT a.attisdropped
              AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) ~ 'nextval|uuid[a-z0-9_]*[(]' OR (a.attname = 'id' AND d.adnum IS NOT NULL))",
        bad: "CREATE TABLE clinical.bad (practice_id uuid NOT NULL, id bigserial, PRIMARY KEY (practice_id, id))",
        reports: "clinical.bad.id",
    },
    Rule {
        name: "3: version is the etag: bigint NOT NULL from 1, with created_at and updated_at beside it",
        violations: "
            SELECT o.name AS line
            FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attname = 'version'
            LEFT JOIN pg_attrdef d ON d.adrelid = o.oid AND d.adnum = a.attnum
            WHERE o.relkind IN ('r', 'p') AND (a.atttypid <> 'int8'::regtype OR NOT a.attnotnull
              OR pg_get_expr(d.adbin, d.adrelid) IS DISTINCT FROM '1' OR 2 <> (
                SELECT count(*) FROM pg_attribute s WHERE s.attrelid = o.oid AND s.attname IN ('created_at', 'updated_at')
                  AND s.atttypid = 'timestamptz'::regtype AND s.attnotnull))",
        bad: "CREATE TABLE clinical.bad (practice_id uuid NOT NULL, id uuid, version int NOT NULL DEFAULT 1, PRIMARY KEY (practice_id, id))",
        reports: "clinical.bad",
    },
    Rule {
        name: "5: every index leads with the practice",
        violations: "
            SELECT i.indexrelid::regclass::text AS line
            FROM tenant t JOIN pg_index i ON i.indrelid = t.oid
            LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
            WHERE a.attname IS DISTINCT FROM t.key AND i.indexrelid::regclass::text NOT IN (
              'claims.claim_numbers_pkey', 'claims.interchanges_pkey',
              -- summarizes blocks and holds no key: what is old, whosesoever it is
              'ops.requests_created_at_idx',
              -- from a person or an account to its practices: asked by access functions only
              'tenancy.memberships_user_idx', 'tenancy.service_grants_account_idx', 'tenancy.break_glasses_user_idx')",
        bad: "CREATE INDEX bad_idx ON clinical.sessions (session_date, practice_id)",
        reports: "clinical.bad_idx",
    },
    Rule {
        name: "5: the specification's indexes exist",
        violations: "
            SELECT format('%s (%s)', wanted.name, wanted.columns) AS line FROM (VALUES
              ('clinical.therapists', 'practice_id', false), ('clinical.therapists', 'practice_id,npi', true),
              ('clinical.patients', 'practice_id', false), ('clinical.patients', 'practice_id,date_of_birth', false),
              ('clinical.sessions', 'practice_id', false), ('clinical.sessions', 'practice_id,session_date', false),
              ('clinical.sessions', 'practice_id,patient_id', false), ('clinical.sessions', 'practice_id,therapist_id', false),
              ('claims.claims', 'practice_id', false), ('claims.claims', 'practice_id,status', false),
              ('claims.claims', 'practice_id,session_id', false), ('claims.claims', 'practice_id,claim_number', true),
              ('claims.claim_numbers', 'claim_number', true), ('tenancy.memberships', 'practice_id,user_id', true)
            ) AS wanted (name, columns, is_unique)
            WHERE NOT EXISTS (
              SELECT FROM pg_index i
              WHERE i.indrelid = wanted.name::regclass AND i.indpred IS NULL AND (NOT wanted.is_unique OR i.indisunique)
                AND (SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
                     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) || ','
                    LIKE wanted.columns || CASE WHEN wanted.is_unique THEN ',' ELSE ',%' END)",
        bad: "DROP INDEX clinical.patients_date_of_birth_idx",
        reports: "clinical.patients (practice_id,date_of_birth)",
    },
    Rule {
        name: "5: at most one active first claim per session and payer sequence",
        violations: "
            SELECT 'claims.claims_active_session_key' AS line
            WHERE NOT EXISTS (
              SELECT FROM pg_indexes WHERE schemaname = 'claims' AND indexdef LIKE
                '%UNIQUE INDEX % ON claims.claims USING btree (practice_id, session_id, payer_sequence) WHERE ((disposition = ''active''::text) AND (frequency = ''1''::text))')",
        bad: "DROP INDEX claims.claims_active_session_key",
        reports: "claims.claims_active_session_key",
    },
];
