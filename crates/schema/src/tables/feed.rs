//! Tables of the PostgreSQL schema `feed`. Written by the test `database`; don't edit.

diesel::table! {
    feed.cursors (practice_id, subscription_id) {
        practice_id -> Uuid,
        subscription_id -> Uuid,
        acked_position -> Int8,
        acked_fingerprint -> Nullable<Int8>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    feed.events (practice_id, position, recorded_month) {
        practice_id -> Uuid,
        position -> Int8,
        recorded_month -> Date,
        event_id -> Uuid,
        subject_id -> Uuid,
        subject_version -> Int8,
        ordinal -> Int4,
        #[sql_name = "type"]
        type_ -> Text,
        payer_id -> Nullable<Text>,
        payload -> Bytea,
        occurred_at -> Timestamptz,
    }
}

diesel::table! {
    feed.heads (practice_id) {
        practice_id -> Uuid,
        last_position -> Int8,
        first_position -> Int8,
    }
}

diesel::table! {
    feed.leases (subscription_id, shard) {
        subscription_id -> Uuid,
        shard -> Int4,
        epoch -> Int8,
        holder -> Uuid,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    feed.subscriptions (id) {
        id -> Uuid,
        account_id -> Uuid,
        name -> Text,
        is_active -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}
