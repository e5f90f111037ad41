//! Tables of the PostgreSQL schema `ops`. Written by the test `database`; don't edit.

diesel::table! {
    ops.requests (practice_id, caller_id, method, request_id) {
        practice_id -> Uuid,
        caller_id -> Uuid,
        method -> Text,
        request_id -> Uuid,
        request_hash -> Bytea,
        response -> Nullable<Bytea>,
        memo -> Nullable<Bytea>,
        created_at -> Timestamptz,
    }
}
