//! Tables of the PostgreSQL schema `tenancy`. Written by the test `database`; don't edit.

diesel::table! {
    tenancy.account_certificates (account_id, fingerprint) {
        account_id -> Uuid,
        fingerprint -> Bytea,
        label -> Text,
        bound_at -> Timestamptz,
    }
}

diesel::table! {
    tenancy.break_glasses (practice_id, id) {
        practice_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        patient_id -> Uuid,
        reason -> Text,
        opened_at -> Timestamptz,
        expires_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        verdict -> Nullable<Text>,
        review_note -> Nullable<Text>,
        reviewed_by -> Nullable<Uuid>,
        reviewed_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    tenancy.login_attempts (key) {
        key -> Bytea,
        since -> Timestamptz,
        failed -> Int4,
        last_at -> Timestamptz,
        trusted_until -> Nullable<Timestamptz>,
        keep_until -> Timestamptz,
    }
}

diesel::table! {
    tenancy.memberships (practice_id, user_id) {
        practice_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        is_owner -> Bool,
        is_active -> Bool,
        therapist_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    tenancy.one_time_tokens (key_id) {
        key_id -> Text,
        secret_hash -> Bytea,
        purpose -> Text,
        user_id -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    tenancy.practices (id) {
        id -> Uuid,
        name -> Text,
        npi -> Text,
        tax_id -> Text,
        tax_id_type -> Text,
        taxonomy -> Nullable<Text>,
        phone -> Nullable<Text>,
        contact_name -> Nullable<Text>,
        time_zone -> Text,
        address_line1 -> Text,
        address_line2 -> Nullable<Text>,
        city -> Text,
        state -> Text,
        zip_code -> Text,
        pay_to_address_line1 -> Nullable<Text>,
        pay_to_address_line2 -> Nullable<Text>,
        pay_to_city -> Nullable<Text>,
        pay_to_state -> Nullable<Text>,
        pay_to_zip_code -> Nullable<Text>,
        auto_ready -> Bool,
        part2_program -> Bool,
        retention_years -> Int4,
        is_active -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        require_totp -> Bool,
    }
}

diesel::table! {
    tenancy.service_accounts (id) {
        id -> Uuid,
        name -> Text,
        description -> Nullable<Text>,
        is_active -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    tenancy.service_grants (practice_id, account_id) {
        practice_id -> Uuid,
        account_id -> Uuid,
        scopes -> Array<Text>,
        valid_from -> Timestamptz,
        valid_to -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    tenancy.tokens (key_id) {
        key_id -> Text,
        secret_hash -> Bytea,
        kind -> Text,
        user_id -> Nullable<Uuid>,
        account_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        idle_expires_at -> Nullable<Timestamptz>,
        last_used_on -> Nullable<Date>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    tenancy.totp (user_id) {
        user_id -> Uuid,
        secret -> Bytea,
        last_step -> Int8,
        created_at -> Timestamptz,
        confirmed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    tenancy.users (id) {
        id -> Uuid,
        email -> Text,
        password_hash -> Nullable<Text>,
        first_name -> Text,
        last_name -> Text,
        role -> Text,
        active_practice_id -> Nullable<Uuid>,
        is_active -> Bool,
        is_verified -> Bool,
        phi_training_completed -> Bool,
        phi_training_completed_at -> Nullable<Timestamptz>,
        phi_training_expires_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}
