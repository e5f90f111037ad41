DROP TABLE claims.reference_releases;

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
  INSERT INTO claims.payer_profiles AS p (payer_id, valid_from, valid_to, needs_group_number, timely_filing_days, telehealth_pos, telehealth_modifier)
    SELECT r.payer_id, r.valid_from, r.valid_to, coalesce(r.needs_group_number, false), coalesce(r.timely_filing_days, 90),
           r.telehealth_pos, r.telehealth_modifier
    FROM jsonb_to_recordset(p_rows) AS r(payer_id text, valid_from date, valid_to date, needs_group_number boolean,
                                         timely_filing_days integer, telehealth_pos text, telehealth_modifier text)
    ON CONFLICT (payer_id, valid_from) DO UPDATE
      SET valid_to = excluded.valid_to, needs_group_number = excluded.needs_group_number,
          timely_filing_days = excluded.timely_filing_days, telehealth_pos = excluded.telehealth_pos,
          telehealth_modifier = excluded.telehealth_modifier, updated_at = now();
  GET DIAGNOSTICS loaded = ROW_COUNT;
  RETURN loaded;
END $$;
COMMENT ON FUNCTION claims.payers_load(jsonb) IS
  'Loads or refreshes payers with their profile from a JSON array of {payer_id, name, filing_indicator, valid_from, valid_to?, needs_group_number?, timely_filing_days?, telehealth_pos?, telehealth_modifier?}; repeatable. Run by the migrator.';

DROP FUNCTION claims.payer_profiles_of(jsonb);

ALTER TABLE claims.payer_profiles
  DROP COLUMN audio_modifier,
  DROP COLUMN forbids_telehealth_in_office,
  DROP COLUMN wants_supervisor,
  DROP COLUMN wants_taxonomy,
  DROP COLUMN in_network_only,
  DROP COLUMN takes_replacements,
  DROP COLUMN needs_zip4,
  DROP COLUMN member_id_pattern,
  DROP COLUMN authorization_codes,
  DROP COLUMN unit_caps,
  DROP COLUMN evaluation_months;
