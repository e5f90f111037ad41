-- Therapists, patients, coverages, network statuses, sessions.
-- Codes (NPI, procedure, diagnosis, state …) carry no CHECK on purpose: the scrubber finds and names what is
-- wrong with them; a constraint would only refuse to remember it.

GRANT USAGE ON SCHEMA clinical TO claims_app;

CREATE TABLE clinical.therapists (
  practice_id    uuid        NOT NULL,
  id             uuid        NOT NULL,
  first_name     text        NOT NULL,
  last_name      text        NOT NULL,
  npi            text,
  taxonomy       text,
  license_number text,
  license_state  text,
  license_level  text        NOT NULL DEFAULT 'independent',
  supervisor_id  uuid,
  email          text,
  phone          text,
  employed_from  date,
  employed_to    date,
  is_active      boolean     NOT NULL DEFAULT true,
  source         text,
  source_id      text,
  version        bigint      NOT NULL DEFAULT 1,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT therapists_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT therapists_npi_key UNIQUE (practice_id, npi),
  CONSTRAINT therapists_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT therapists_supervisor_fkey FOREIGN KEY (practice_id, supervisor_id) REFERENCES clinical.therapists (practice_id, id),
  CONSTRAINT therapists_license_level_check CHECK (license_level IN ('independent', 'supervised', 'prescriber')),
  CONSTRAINT therapists_employment_check CHECK (employed_to IS NULL OR employed_from IS NULL OR employed_to >= employed_from),
  CONSTRAINT therapists_source_check CHECK ((source IS NULL) = (source_id IS NULL))
);
CREATE UNIQUE INDEX therapists_source_key ON clinical.therapists (practice_id, source, source_id) WHERE source IS NOT NULL;
COMMENT ON TABLE clinical.therapists IS 'The providers of a practice. Ended by is_active = false or employed_to, never deleted.';
COMMENT ON COLUMN clinical.therapists.npi IS 'Ten digits with check digit; empty while a supervised therapist has none.';
COMMENT ON COLUMN clinical.therapists.taxonomy IS 'NUCC provider taxonomy code.';
COMMENT ON COLUMN clinical.therapists.license_level IS 'independent; supervised (pre-licensed, some payers want the supervisor named); prescriber (physician, NP, PA).';
COMMENT ON COLUMN clinical.therapists.employed_to IS 'Last day, inclusive.';
COMMENT ON COLUMN clinical.therapists.source IS 'Which import brought the row; with source_id it makes imports repeatable.';
COMMENT ON COLUMN clinical.therapists.version IS 'Counts updates; the etag.';
SELECT ops.protect('clinical.therapists');
GRANT SELECT, INSERT, UPDATE ON clinical.therapists TO claims_app;

ALTER TABLE tenancy.memberships ADD CONSTRAINT memberships_therapist_fkey
  FOREIGN KEY (practice_id, therapist_id) REFERENCES clinical.therapists (practice_id, id);

CREATE TABLE clinical.patients (
  practice_id   uuid        NOT NULL,
  id            uuid        NOT NULL,
  therapist_id  uuid,
  first_name    text        NOT NULL,
  middle_name   text,
  last_name     text        NOT NULL,
  date_of_birth date        NOT NULL,
  sex           text        NOT NULL DEFAULT 'unknown',
  member_id     text,
  phone         text,
  email         text,
  address_line1 text,
  address_line2 text,
  city          text,
  state         text,
  zip_code      text,
  is_active     boolean     NOT NULL DEFAULT true,
  source        text,
  source_id     text,
  version       bigint      NOT NULL DEFAULT 1,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT patients_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT patients_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT patients_therapist_fkey FOREIGN KEY (practice_id, therapist_id) REFERENCES clinical.therapists (practice_id, id),
  CONSTRAINT patients_sex_check CHECK (sex IN ('female', 'male', 'unknown')),
  CONSTRAINT patients_source_check CHECK ((source IS NULL) = (source_id IS NULL))
);
CREATE INDEX patients_date_of_birth_idx ON clinical.patients (practice_id, date_of_birth);
CREATE INDEX patients_therapist_idx ON clinical.patients (practice_id, therapist_id, id);
CREATE INDEX patients_name_idx ON clinical.patients (practice_id, last_name, first_name, id);
CREATE UNIQUE INDEX patients_source_key ON clinical.patients (practice_id, source, source_id) WHERE source IS NOT NULL;
COMMENT ON TABLE clinical.patients IS 'People in treatment. PHI. Ended by is_active = false, never deleted.';
COMMENT ON COLUMN clinical.patients.therapist_id IS 'The assigned therapist: decides whose "own patient" this is.';
COMMENT ON COLUMN clinical.patients.sex IS 'As payers want it: F, M or U on the wire.';
COMMENT ON COLUMN clinical.patients.member_id IS 'The number of the primary coverage, kept in step by the coverage write.';
COMMENT ON COLUMN clinical.patients.zip_code IS 'Five or nine digits without hyphen.';
COMMENT ON COLUMN clinical.patients.source IS 'Which import brought the row; with source_id it makes imports repeatable.';
COMMENT ON COLUMN clinical.patients.version IS 'Counts updates; the etag.';
SELECT ops.protect('clinical.patients');
GRANT SELECT, INSERT, UPDATE ON clinical.patients TO claims_app;

CREATE TABLE clinical.coverages (
  practice_id              uuid        NOT NULL,
  id                       uuid        NOT NULL,
  patient_id               uuid        NOT NULL,
  payer_id                 text        NOT NULL,
  sequence                 text        NOT NULL DEFAULT 'primary',
  member_id                text,
  group_number             text,
  relationship             text        NOT NULL DEFAULT 'self',
  subscriber_first_name    text,
  subscriber_last_name     text,
  subscriber_date_of_birth date,
  subscriber_sex           text,
  subscriber_address_line1 text,
  subscriber_address_line2 text,
  subscriber_city          text,
  subscriber_state         text,
  subscriber_zip_code      text,
  filing_indicator         text,
  effective_from           date        NOT NULL,
  effective_to             date,
  assignment_of_benefits   boolean     NOT NULL DEFAULT true,
  release_of_information   boolean     NOT NULL DEFAULT true,
  source                   text,
  source_id                text,
  version                  bigint      NOT NULL DEFAULT 1,
  created_at               timestamptz NOT NULL DEFAULT now(),
  updated_at               timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT coverages_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT coverages_patient_fkey FOREIGN KEY (practice_id, patient_id) REFERENCES clinical.patients (practice_id, id),
  CONSTRAINT coverages_sequence_check CHECK (sequence IN ('primary', 'secondary', 'tertiary')),
  CONSTRAINT coverages_relationship_check CHECK (relationship IN
    ('self', 'spouse', 'child', 'employee', 'life_partner', 'other', 'unknown', 'organ_donor', 'cadaver_donor')),
  CONSTRAINT coverages_subscriber_sex_check CHECK (subscriber_sex IN ('female', 'male', 'unknown')),
  CONSTRAINT coverages_effective_check CHECK (effective_to IS NULL OR effective_to >= effective_from),
  CONSTRAINT coverages_source_check CHECK ((source IS NULL) = (source_id IS NULL))
);
CREATE INDEX coverages_patient_idx ON clinical.coverages (practice_id, patient_id, sequence, effective_from);
CREATE UNIQUE INDEX coverages_source_key ON clinical.coverages (practice_id, source, source_id) WHERE source IS NOT NULL;
COMMENT ON TABLE clinical.coverages IS 'A patient''s insurance with one payer over a span of time. PHI.';
COMMENT ON COLUMN clinical.coverages.payer_id IS 'Id in the payer list (claims.payers). No foreign key: an unknown payer is a finding of the scrubber, not a refusal to store.';
COMMENT ON COLUMN clinical.coverages.sequence IS 'Order among the patient''s payers: P, S, T on the wire.';
COMMENT ON COLUMN clinical.coverages.relationship IS 'Of the patient to the subscriber: 18, 01, 19, 20, 53, G8, 21, 39, 40 on the wire.';
COMMENT ON COLUMN clinical.coverages.subscriber_first_name IS 'The subscriber person is given when relationship is not self.';
COMMENT ON COLUMN clinical.coverages.filing_indicator IS 'X12 claim filing indicator (CI, BL, MB, …); empty = the payer''s.';
COMMENT ON COLUMN clinical.coverages.effective_to IS 'Last day, inclusive; empty while in force.';
COMMENT ON COLUMN clinical.coverages.source IS 'Which import brought the row; with source_id it makes imports repeatable.';
COMMENT ON COLUMN clinical.coverages.version IS 'Counts updates; the etag.';
SELECT ops.protect('clinical.coverages');
GRANT SELECT, INSERT, UPDATE ON clinical.coverages TO claims_app;

CREATE TABLE clinical.network_statuses (
  practice_id    uuid        NOT NULL,
  id             uuid        NOT NULL,
  therapist_id   uuid        NOT NULL,
  payer_id       text        NOT NULL,
  status         text        NOT NULL,
  effective_from date        NOT NULL,
  effective_to   date,
  version        bigint      NOT NULL DEFAULT 1,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT network_statuses_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT network_statuses_therapist_fkey FOREIGN KEY (practice_id, therapist_id) REFERENCES clinical.therapists (practice_id, id),
  CONSTRAINT network_statuses_status_check CHECK (status IN ('in_network', 'out_of_network', 'pending')),
  CONSTRAINT network_statuses_effective_check CHECK (effective_to IS NULL OR effective_to >= effective_from),
  CONSTRAINT network_statuses_no_overlap EXCLUDE USING gist (
    practice_id WITH =, therapist_id WITH =, payer_id WITH =, daterange(effective_from, effective_to, '[]') WITH &&)
);
CREATE INDEX network_statuses_therapist_idx ON clinical.network_statuses (practice_id, therapist_id, payer_id, effective_from);
COMMENT ON TABLE clinical.network_statuses IS 'Whether a therapist is in a payer''s network, over spans that never overlap.';
COMMENT ON COLUMN clinical.network_statuses.payer_id IS 'Id in the payer list (claims.payers).';
COMMENT ON COLUMN clinical.network_statuses.effective_to IS 'Last day, inclusive; empty while in force.';
COMMENT ON COLUMN clinical.network_statuses.version IS 'Counts updates; the etag.';
SELECT ops.protect('clinical.network_statuses');
GRANT SELECT, INSERT, UPDATE ON clinical.network_statuses TO claims_app;

CREATE TABLE clinical.sessions (
  practice_id           uuid          NOT NULL,
  id                    uuid          NOT NULL,
  therapist_id          uuid          NOT NULL,
  patient_id            uuid          NOT NULL,
  session_date          date          NOT NULL,
  starts_at             timestamptz,
  ends_at               timestamptz,
  cpt_code              text          NOT NULL,
  add_ons               jsonb         NOT NULL DEFAULT '[]',
  modifiers             jsonb         NOT NULL DEFAULT '[]',
  diagnosis_codes       jsonb         NOT NULL DEFAULT '[]',
  duration_minutes      integer       NOT NULL,
  fee                   numeric(12,2) NOT NULL,
  copay                 numeric(12,2) NOT NULL DEFAULT 0,
  status                text          NOT NULL DEFAULT 'scheduled',
  place_of_service      text          NOT NULL DEFAULT '11',
  modality              text          NOT NULL DEFAULT 'in_person',
  patient_state         text,
  prior_authorization   text,
  self_pay              boolean       NOT NULL DEFAULT false,
  disclosure_restricted boolean       NOT NULL DEFAULT false,
  part2                 boolean       NOT NULL DEFAULT false,
  completed_at          timestamptz,
  cancelled_at          timestamptz,
  cancellation_reason   text,
  source                text,
  source_id             text,
  version               bigint        NOT NULL DEFAULT 1,
  created_at            timestamptz   NOT NULL DEFAULT now(),
  updated_at            timestamptz   NOT NULL DEFAULT now(),
  CONSTRAINT sessions_pkey PRIMARY KEY (practice_id, id),
  CONSTRAINT sessions_practice_fkey FOREIGN KEY (practice_id) REFERENCES tenancy.practices (id),
  CONSTRAINT sessions_therapist_fkey FOREIGN KEY (practice_id, therapist_id) REFERENCES clinical.therapists (practice_id, id),
  CONSTRAINT sessions_patient_fkey FOREIGN KEY (practice_id, patient_id) REFERENCES clinical.patients (practice_id, id),
  CONSTRAINT sessions_status_check CHECK (status IN ('scheduled', 'completed', 'cancelled')),
  CONSTRAINT sessions_modality_check CHECK (modality IN ('in_person', 'video', 'audio')),
  CONSTRAINT sessions_codes_check CHECK (
    jsonb_typeof(add_ons) = 'array' AND jsonb_typeof(modifiers) = 'array' AND jsonb_typeof(diagnosis_codes) = 'array'),
  CONSTRAINT sessions_duration_check CHECK (duration_minutes BETWEEN 0 AND 1440),
  CONSTRAINT sessions_money_check CHECK (fee >= 0 AND copay >= 0),
  CONSTRAINT sessions_times_check CHECK (ends_at IS NULL OR (starts_at IS NOT NULL AND ends_at >= starts_at)),
  CONSTRAINT sessions_outcome_check CHECK (
    (status = 'completed') = (completed_at IS NOT NULL) AND (status = 'cancelled') = (cancelled_at IS NOT NULL)),
  CONSTRAINT sessions_source_check CHECK ((source IS NULL) = (source_id IS NULL))
) WITH (fillfactor = 85);
-- room on the page: completing a session touches no indexed column, so its new version stays beside the old one
CREATE INDEX sessions_date_idx ON clinical.sessions (practice_id, session_date, id);
CREATE INDEX sessions_patient_idx ON clinical.sessions (practice_id, patient_id, session_date, id);
CREATE INDEX sessions_therapist_idx ON clinical.sessions (practice_id, therapist_id, session_date, id);
CREATE UNIQUE INDEX sessions_source_key ON clinical.sessions (practice_id, source, source_id) WHERE source IS NOT NULL;
COMMENT ON TABLE clinical.sessions IS 'Therapy appointments. PHI. No clinical text is stored, ever.';
COMMENT ON COLUMN clinical.sessions.session_date IS 'Date of service: the local date of the practice.';
COMMENT ON COLUMN clinical.sessions.cpt_code IS 'The main procedure code.';
COMMENT ON COLUMN clinical.sessions.add_ons IS 'Array of {cpt_code, fee}: add-on procedures (90785, the psychotherapy part of an E/M visit); each becomes a claim line.';
COMMENT ON COLUMN clinical.sessions.modifiers IS 'Array of two-character modifiers of the main code, in order.';
COMMENT ON COLUMN clinical.sessions.diagnosis_codes IS 'Array of ICD-10-CM codes; the order is the rank.';
COMMENT ON COLUMN clinical.sessions.fee IS 'Charge of the main code.';
COMMENT ON COLUMN clinical.sessions.copay IS 'Collected from the patient at the session.';
COMMENT ON COLUMN clinical.sessions.patient_state IS 'Where the patient was during a telehealth session.';
COMMENT ON COLUMN clinical.sessions.self_pay IS 'Paid out of pocket: no claim is drafted.';
COMMENT ON COLUMN clinical.sessions.disclosure_restricted IS 'The patient restricted disclosure to the plan (45 CFR 164.522): no claim may leave.';
COMMENT ON COLUMN clinical.sessions.part2 IS '42 CFR Part 2 record: disclosure needs consent.';
COMMENT ON COLUMN clinical.sessions.cancellation_reason IS 'A short reason code, no clinical text.';
COMMENT ON COLUMN clinical.sessions.source IS 'Which import brought the row; with source_id it makes imports repeatable.';
COMMENT ON COLUMN clinical.sessions.version IS 'Counts updates; the etag.';
SELECT ops.protect('clinical.sessions');
GRANT SELECT, INSERT, UPDATE ON clinical.sessions TO claims_app;
