-- A claim to Medicare after another payer says why Medicare is not the first one, or it is rejected.

ALTER TABLE clinical.coverages ADD COLUMN medicare_secondary_reason text;
ALTER TABLE clinical.coverages
  ADD CONSTRAINT coverages_medicare_secondary_reason_check CHECK (medicare_secondary_reason IN
    ('working_aged', 'end_stage_renal_disease', 'no_fault', 'workers_compensation', 'public_health_service', 'black_lung',
     'veterans', 'disabled', 'other_liability'));
COMMENT ON COLUMN clinical.coverages.medicare_secondary_reason IS
  'Why Medicare pays after another payer: 12, 13, 14, 15, 16, 41, 42, 43, 47 on the wire (SBR05). Empty for coverages of which Medicare is not a later payer; where it is one, emptiness is a finding of the scrubber.';
