//! Tables of the PostgreSQL schema `claims`. Written by the test `database`; don't edit.

diesel::table! {
    claims.acknowledgments (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        response_id -> Text,
        claim_id -> Uuid,
        submission_id -> Nullable<Uuid>,
        kind -> Text,
        rejected_by -> Nullable<Text>,
        payer_claim_number -> Nullable<Text>,
        reasons -> Jsonb,
        body -> Jsonb,
        body_hash -> Bytea,
        occurred_at -> Timestamptz,
        received_at -> Timestamptz,
        reported_by -> Uuid,
        outcome -> Text,
        outcome_reason -> Nullable<Text>,
    }
}

diesel::table! {
    claims.batches (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        trading_partner_id -> Text,
        control_number -> Int4,
        reference -> Text,
        claim_count -> Int4,
        charge_amount -> Numeric,
        content -> Bytea,
        content_hash -> Bytea,
        content_size -> Int4,
        state -> Text,
        created_by -> Uuid,
        transmitted_at -> Nullable<Timestamptz>,
        transmission_ref -> Nullable<Text>,
        failed_at -> Nullable<Timestamptz>,
        failure_reason -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    claims.claim_actions (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        claim_id -> Uuid,
        kind -> Text,
        reason -> Text,
        delay_reason_code -> Nullable<Text>,
        was_proposed -> Bool,
        state -> Text,
        requested_by -> Uuid,
        requested_at -> Timestamptz,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        decision_note -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deadline -> Nullable<Date>,
    }
}

diesel::table! {
    claims.claim_lines (practice_id, claim_id, line_number) {
        practice_id -> Uuid,
        claim_id -> Uuid,
        line_number -> Int4,
        cpt_code -> Text,
        modifiers -> Jsonb,
        units -> Int4,
        charge_amount -> Numeric,
        place_of_service -> Text,
        diagnosis_pointers -> Jsonb,
        service_date -> Date,
        duration_minutes -> Nullable<Int4>,
    }
}

diesel::table! {
    claims.claim_numbers (claim_number) {
        claim_number -> Text,
        practice_id -> Uuid,
        claim_id -> Uuid,
    }
}

diesel::table! {
    claims.claims (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        claim_number -> Text,
        session_id -> Uuid,
        patient_id -> Uuid,
        therapist_id -> Uuid,
        coverage_id -> Nullable<Uuid>,
        payer_id -> Nullable<Text>,
        payer_sequence -> Text,
        status -> Text,
        payer_state -> Text,
        payer_state_at -> Nullable<Timestamptz>,
        was_transmitted -> Bool,
        disposition -> Text,
        frequency -> Text,
        service_date -> Date,
        diagnosis_codes -> Jsonb,
        prior_authorization -> Nullable<Text>,
        charge_amount -> Numeric,
        copay_amount -> Numeric,
        paid_amount -> Numeric,
        adjusted_amount -> Numeric,
        patient_responsibility_amount -> Numeric,
        payer_claim_number -> Nullable<Text>,
        replaces_claim_id -> Nullable<Uuid>,
        filing_deadline -> Nullable<Date>,
        validation_errors -> Jsonb,
        acknowledged_warnings -> Jsonb,
        rule_set_version -> Nullable<Text>,
        snapshot -> Nullable<Jsonb>,
        attempt -> Int4,
        submitted_at -> Nullable<Timestamptz>,
        adjudicated_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        delay_reason_code -> Nullable<Text>,
        before_void_status -> Nullable<Text>,
        before_void_payer_state -> Nullable<Text>,
        replaced_by_claim_id -> Nullable<Uuid>,
        prior_claim_id -> Nullable<Uuid>,
        is_forwarded -> Bool,
    }
}

diesel::table! {
    claims.inbound_chunks (practice_id, file_id, ordinal) {
        practice_id -> Uuid,
        file_id -> Uuid,
        ordinal -> Int4,
        content -> Bytea,
    }
}

diesel::table! {
    claims.inbound_files (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        state -> Text,
        content_hash -> Nullable<Bytea>,
        content_size -> Int8,
        chunk_count -> Int4,
        repeats -> Nullable<Uuid>,
        result -> Nullable<Bytea>,
        received_at -> Timestamptz,
        received_from -> Uuid,
        processed_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    claims.inbound_messages (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        file_id -> Uuid,
        ordinal -> Int4,
        kind -> Text,
        interchange_control -> Text,
        group_control -> Text,
        set_control -> Text,
        batch_id -> Nullable<Uuid>,
        state -> Text,
        reason -> Nullable<Text>,
        segment_position -> Nullable<Int8>,
        byte_position -> Nullable<Int8>,
        applied -> Int4,
        recorded -> Int4,
        parked -> Int4,
        unmatched -> Int4,
        received_at -> Timestamptz,
        received_from -> Uuid,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    claims.interchanges (control_number) {
        control_number -> Int4,
        practice_id -> Uuid,
        batch_id -> Uuid,
    }
}

diesel::table! {
    claims.ledger_entries (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        claim_id -> Uuid,
        line_number -> Nullable<Int4>,
        kind -> Text,
        amount -> Numeric,
        group_code -> Nullable<Text>,
        reason_code -> Nullable<Text>,
        remark_codes -> Jsonb,
        acknowledgment_id -> Nullable<Uuid>,
        remittance_claim_id -> Nullable<Uuid>,
        reverses_entry_id -> Nullable<Uuid>,
        occurred_on -> Date,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    claims.payer_profiles (payer_id, valid_from) {
        payer_id -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        needs_group_number -> Bool,
        timely_filing_days -> Int4,
        telehealth_pos -> Nullable<Text>,
        telehealth_modifier -> Nullable<Text>,
        updated_at -> Timestamptz,
        audio_modifier -> Nullable<Text>,
        forbids_telehealth_in_office -> Bool,
        wants_supervisor -> Bool,
        wants_taxonomy -> Bool,
        in_network_only -> Bool,
        takes_replacements -> Bool,
        needs_zip4 -> Bool,
        member_id_pattern -> Nullable<Text>,
        authorization_codes -> Jsonb,
        unit_caps -> Jsonb,
        evaluation_months -> Int4,
    }
}

diesel::table! {
    claims.payer_routes (payer_id) {
        payer_id -> Text,
        trading_partner_id -> Text,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    claims.payers (id) {
        id -> Text,
        name -> Text,
        filing_indicator -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    claims.practice_ledger_entries (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        remittance_id -> Uuid,
        ordinal -> Int4,
        kind -> Text,
        reason_code -> Text,
        reference -> Nullable<Text>,
        amount -> Numeric,
        occurred_on -> Date,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    claims.reference_releases (id) {
        id -> Int8,
        kind -> Text,
        name -> Text,
        valid_from -> Nullable<Date>,
        row_count -> Int4,
        file_hash -> Bytea,
        content -> Nullable<Text>,
        loaded_at -> Timestamptz,
    }
}

diesel::table! {
    claims.remittance_claims (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        remittance_id -> Uuid,
        claim_id -> Nullable<Uuid>,
        claim_number -> Text,
        payer_claim_number -> Nullable<Text>,
        payer_status_code -> Text,
        service_date -> Nullable<Date>,
        charge_amount -> Numeric,
        paid_amount -> Numeric,
        patient_responsibility_amount -> Numeric,
        adjustments -> Jsonb,
        lines -> Jsonb,
        matched_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        ordinal -> Int4,
        member_id -> Nullable<Text>,
        state -> Text,
        state_reason -> Nullable<Text>,
        acknowledgment_id -> Nullable<Uuid>,
        matched_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    claims.remittances (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        payer_id -> Nullable<Text>,
        payer_trace -> Text,
        payment_reference -> Text,
        payment_method -> Text,
        payment_date -> Date,
        payment_amount -> Numeric,
        provider_adjustments -> Jsonb,
        content_hash -> Nullable<Bytea>,
        received_at -> Timestamptz,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        message_id -> Nullable<Uuid>,
        claim_count -> Int4,
        is_complete -> Bool,
    }
}

diesel::table! {
    claims.submissions (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        claim_id -> Uuid,
        attempt -> Int4,
        state -> Text,
        submitted_at -> Timestamptz,
        submitted_by -> Uuid,
        snapshot -> Jsonb,
        snapshot_hash -> Bytea,
        transmitted_at -> Nullable<Timestamptz>,
        transmission_ref -> Nullable<Text>,
        failed_at -> Nullable<Timestamptz>,
        failure_reason -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        batch_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    claims.trading_partners (id) {
        id -> Text,
        receiver_name -> Text,
        receiver_qualifier -> Text,
        receiver_id -> Text,
        submitter_name -> Text,
        submitter_qualifier -> Text,
        submitter_id -> Text,
        contact_name -> Text,
        contact_phone -> Text,
        is_production -> Bool,
        wants_ta1 -> Bool,
        claims_per_batch -> Int4,
        is_default -> Bool,
        time_zone -> Text,
        updated_at -> Timestamptz,
    }
}
