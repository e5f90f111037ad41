//! Tables of the PostgreSQL schema `audit`. Written by the test `database`; don't edit.

diesel::table! {
    audit.archive_checks (practice_id, month, run) {
        practice_id -> Uuid,
        month -> Date,
        run -> Uuid,
        first_position -> Int8,
        last_position -> Int8,
        sha256 -> Bytea,
        checked_at -> Timestamptz,
    }
}

diesel::table! {
    audit.checkpoints (practice_id) {
        practice_id -> Uuid,
        size -> Int8,
        peaks -> Bytea,
        exported_at -> Timestamptz,
    }
}

diesel::table! {
    audit.entries (practice_id, position, recorded_at) {
        practice_id -> Uuid,
        position -> Int8,
        recorded_at -> Timestamptz,
        actor_kind -> Text,
        user_id -> Nullable<Uuid>,
        account_id -> Nullable<Uuid>,
        actor_role -> Text,
        token_key_id -> Text,
        action -> Text,
        outcome -> Text,
        reason -> Nullable<Text>,
        method -> Text,
        resource_type -> Text,
        resource_ids -> Array<Text>,
        resource_count -> Int4,
        resource_hash -> Nullable<Bytea>,
        patient_ids -> Array<Uuid>,
        accessed_phi -> Bool,
        field_classes -> Array<Text>,
        purpose -> Text,
        request_id -> Text,
        ip_address -> Nullable<Text>,
        break_glass_id -> Nullable<Uuid>,
        attempts -> Int4,
        hash -> Bytea,
        body -> Bytea,
        mac -> Bytea,
    }
}

diesel::table! {
    audit.heads (practice_id) {
        practice_id -> Uuid,
        last_position -> Int8,
        last_hash -> Bytea,
    }
}
