//! Tables of the PostgreSQL schema `analytics`. Written by the test `database`; don't edit.

diesel::table! {
    analytics.practice_summaries (practice_id, day) {
        practice_id -> Uuid,
        day -> Date,
        sessions_scheduled -> Int4,
        sessions_completed -> Int4,
        sessions_cancelled -> Int4,
        claims_draft -> Int4,
        claims_ready -> Int4,
        claims_submitted -> Int4,
        claims_paid -> Int4,
        claims_denied -> Int4,
        charged_amount -> Numeric,
        paid_amount -> Numeric,
        adjusted_amount -> Numeric,
        patient_balance_amount -> Numeric,
        first_pass_claims -> Int4,
        first_pass_accepted -> Int4,
        adjudicated_claims -> Int4,
        ar_days_total -> Int8,
        as_of_position -> Int8,
        refreshed_at -> Timestamptz,
    }
}

diesel::table! {
    analytics.watermarks (practice_id) {
        practice_id -> Uuid,
        position -> Int8,
        updated_at -> Timestamptz,
    }
}
