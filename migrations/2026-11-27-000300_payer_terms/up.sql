-- What a payer expects is data, by date of service; reference tables of the operator's come as whole releases.

ALTER TABLE claims.payer_profiles
  ADD COLUMN audio_modifier               text,
  ADD COLUMN forbids_telehealth_in_office boolean NOT NULL DEFAULT false,
  ADD COLUMN wants_supervisor             boolean NOT NULL DEFAULT false,
  ADD COLUMN wants_taxonomy               boolean NOT NULL DEFAULT false,
  ADD COLUMN in_network_only              boolean NOT NULL DEFAULT false,
  ADD COLUMN takes_replacements           boolean NOT NULL DEFAULT true,
  ADD COLUMN needs_zip4                   boolean NOT NULL DEFAULT true,
  ADD COLUMN member_id_pattern            text,
  ADD COLUMN authorization_codes          jsonb   NOT NULL DEFAULT '[]',
  ADD COLUMN unit_caps                    jsonb   NOT NULL DEFAULT '{}',
  ADD COLUMN evaluation_months            integer NOT NULL DEFAULT 6;
ALTER TABLE claims.payer_profiles
  ADD CONSTRAINT payer_profiles_member_id_pattern_check CHECK (length(member_id_pattern) <= 200),
  ADD CONSTRAINT payer_profiles_lists_check CHECK (jsonb_typeof(authorization_codes) = 'array' AND jsonb_typeof(unit_caps) = 'object'),
  ADD CONSTRAINT payer_profiles_evaluation_months_check CHECK (evaluation_months BETWEEN 0 AND 120);
COMMENT ON COLUMN claims.payer_profiles.audio_modifier IS 'Modifier the payer wants for sessions by voice alone; empty when any that says so will do.';
COMMENT ON COLUMN claims.payer_profiles.forbids_telehealth_in_office IS 'A telehealth modifier with the office as place of service is refused.';
COMMENT ON COLUMN claims.payer_profiles.wants_supervisor IS 'Services of a therapist under supervision are billed with the supervisor.';
COMMENT ON COLUMN claims.payer_profiles.wants_taxonomy IS 'The therapist''s taxonomy must be there.';
COMMENT ON COLUMN claims.payer_profiles.in_network_only IS 'Only therapists in its network are paid.';
COMMENT ON COLUMN claims.payer_profiles.takes_replacements IS 'Replacing and voiding claims (frequency 7 and 8) are taken.';
COMMENT ON COLUMN claims.payer_profiles.needs_zip4 IS 'The billing address needs all nine digits of its ZIP code.';
COMMENT ON COLUMN claims.payer_profiles.member_id_pattern IS 'Regular expression that a whole member id must match; empty when not known.';
COMMENT ON COLUMN claims.payer_profiles.authorization_codes IS 'Procedures that need a prior authorization: an array of codes.';
COMMENT ON COLUMN claims.payer_profiles.unit_caps IS 'Most units of a procedure on a day: an object, units by code.';
COMMENT ON COLUMN claims.payer_profiles.evaluation_months IS 'Months between two diagnostic evaluations; 0 when they may follow each other.';

CREATE FUNCTION claims.payer_profiles_of(p_rows jsonb) RETURNS SETOF claims.payer_profiles
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT listed.payer->>'payer_id', f.valid_from, f.valid_to, coalesce(f.needs_group_number, false),
         coalesce(f.timely_filing_days, 90), f.telehealth_pos, f.telehealth_modifier, now(),
         f.audio_modifier, coalesce(f.forbids_telehealth_in_office, false), coalesce(f.wants_supervisor, false),
         coalesce(f.wants_taxonomy, false), coalesce(f.in_network_only, false), coalesce(f.takes_replacements, true),
         coalesce(f.needs_zip4, true), f.member_id_pattern, coalesce(nullif(f.authorization_codes, 'null'::jsonb), '[]'::jsonb),
         coalesce(nullif(f.unit_caps, 'null'::jsonb), '{}'::jsonb), coalesce(f.evaluation_months, 6)
  FROM jsonb_array_elements(p_rows) AS listed(payer)
  CROSS JOIN LATERAL jsonb_array_elements(
    coalesce(nullif(listed.payer->'profiles', 'null'::jsonb), jsonb_build_array(listed.payer))) AS given(profile)
  CROSS JOIN LATERAL jsonb_to_record(given.profile) AS f(
    valid_from date, valid_to date, needs_group_number boolean, timely_filing_days integer, telehealth_pos text,
    telehealth_modifier text, audio_modifier text, forbids_telehealth_in_office boolean, wants_supervisor boolean,
    wants_taxonomy boolean, in_network_only boolean, takes_replacements boolean, needs_zip4 boolean,
    member_id_pattern text, authorization_codes jsonb, unit_caps jsonb, evaluation_months integer)
$$;
COMMENT ON FUNCTION claims.payer_profiles_of(jsonb) IS
  'The profiles that claims.payers_load makes of its rows, with its defaults.';

CREATE OR REPLACE FUNCTION claims.payers_load(p_rows jsonb) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  loaded integer;
BEGIN
  INSERT INTO claims.payers AS p (id, name, filing_indicator, valid_from, valid_to)
    SELECT r.payer_id, r.name, r.filing_indicator, r.valid_from, r.valid_to
    FROM jsonb_to_recordset(p_rows) AS r(payer_id text, name text, filing_indicator text, valid_from date, valid_to date)
    ON CONFLICT (id) DO UPDATE
      SET name = excluded.name, filing_indicator = excluded.filing_indicator, valid_from = excluded.valid_from,
          valid_to = excluded.valid_to, updated_at = now()
      WHERE (p.name, p.filing_indicator, p.valid_from, p.valid_to) IS DISTINCT FROM
            (excluded.name, excluded.filing_indicator, excluded.valid_from, excluded.valid_to);
  GET DIAGNOSTICS loaded = ROW_COUNT;
  -- a payer of the file has the profiles of the file and no others, so that none of them overlap
  DELETE FROM claims.payer_profiles f
    USING jsonb_to_recordset(p_rows) AS r(payer_id text)
    WHERE f.payer_id = r.payer_id
      AND NOT EXISTS (SELECT FROM claims.payer_profiles_of(p_rows) w WHERE (w.payer_id, w.valid_from) = (f.payer_id, f.valid_from));
  INSERT INTO claims.payer_profiles AS p
    SELECT w.* FROM claims.payer_profiles_of(p_rows) w
    ON CONFLICT (payer_id, valid_from) DO UPDATE
      SET valid_to = excluded.valid_to, needs_group_number = excluded.needs_group_number,
          timely_filing_days = excluded.timely_filing_days, telehealth_pos = excluded.telehealth_pos,
          telehealth_modifier = excluded.telehealth_modifier, audio_modifier = excluded.audio_modifier,
          forbids_telehealth_in_office = excluded.forbids_telehealth_in_office,
          wants_supervisor = excluded.wants_supervisor, wants_taxonomy = excluded.wants_taxonomy,
          in_network_only = excluded.in_network_only, takes_replacements = excluded.takes_replacements,
          needs_zip4 = excluded.needs_zip4, member_id_pattern = excluded.member_id_pattern,
          authorization_codes = excluded.authorization_codes, unit_caps = excluded.unit_caps,
          evaluation_months = excluded.evaluation_months, updated_at = now();
  GET DIAGNOSTICS loaded = ROW_COUNT;
  RETURN loaded;
END $$;
COMMENT ON FUNCTION claims.payers_load(jsonb) IS
  'Loads or refreshes payers with their profiles from a JSON array of {payer_id, name, filing_indicator, valid_from, valid_to?, profiles?: [{valid_from, valid_to?, the columns of payer_profiles?}]}; a payer without profiles has one of its own columns and dates; repeatable. Run by the migrator.';

CREATE TABLE claims.reference_releases (
  id         bigint      GENERATED ALWAYS AS IDENTITY,
  kind       text        NOT NULL,
  name       text        NOT NULL,
  valid_from date,
  row_count  integer     NOT NULL,
  file_hash  bytea       NOT NULL,
  content    text,
  loaded_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT reference_releases_pkey PRIMARY KEY (id),
  CONSTRAINT reference_releases_kind_check CHECK (kind IN ('payers', 'trading_partners', 'icd10', 'procedures', 'taxonomies', 'places_of_service',
    'adjustment_reasons', 'npi_deactivations', 'npi_types', 'unit_caps', 'excludes1')),
  CONSTRAINT reference_releases_name_check CHECK (length(name) BETWEEN 1 AND 100),
  CONSTRAINT reference_releases_row_count_check CHECK (row_count > 0),
  CONSTRAINT reference_releases_file_hash_check CHECK (octet_length(file_hash) = 32),
  CONSTRAINT reference_releases_content_check CHECK ((kind IN ('payers', 'trading_partners')) = (content IS NULL))
);
COMMENT ON TABLE claims.reference_releases IS 'What the operator loaded, oldest first. Reference data: a release is never changed, a newer one takes its place.';
COMMENT ON COLUMN claims.reference_releases.id IS 'The number of the newest release is part of the rule-set version, which so tells all that were used.';
COMMENT ON COLUMN claims.reference_releases.valid_from IS 'First date of service that it is for; empty when it is for all.';
COMMENT ON COLUMN claims.reference_releases.file_hash IS 'SHA-256 of the file as it was given.';
COMMENT ON COLUMN claims.reference_releases.content IS 'The checked rows, comma-separated; empty for payers, which have tables of their own.';
GRANT SELECT ON claims.reference_releases TO claims_app;
SELECT ops.append_only('claims.reference_releases');
