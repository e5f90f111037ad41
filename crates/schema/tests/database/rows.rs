//! Two practices with one row in every tenant table each, written by the migrator.

use diesel_async::AsyncPgConnection;

use crate::support::run;

pub(crate) const A: &str = "018f0000-0000-7000-8000-00000000000a";
pub(crate) const B: &str = "018f0000-0000-7000-8000-00000000000b";
pub(crate) const NIL: &str = "00000000-0000-0000-0000-000000000000";
/// A member of A and of B.
pub(crate) const BOTH: &str = "018f0000-0000-7000-8000-0000000000ab";
/// Granted by A only.
pub(crate) const ACCOUNT: &str = "018f0000-0000-7000-8000-0000000000ac";

/// What an audit entry needs besides, for tests that are not about the chain.
pub(crate) const CHAIN: &str = "actor_role, token_key_id, method, request_id, body, mac, hash";
pub(crate) const LINK: &str = "'', '', '', '', '', sha256('m'), sha256('h')";

const GLOBAL: &str = "
    INSERT INTO tenancy.users (id, email, password_hash, first_name, last_name, role) VALUES
      ('$both', 'both@example.com', 'hash of both', 'Bo', 'Th', 'admin');
    INSERT INTO tenancy.service_accounts (id, name) VALUES ('$account', 'adapter');
    INSERT INTO tenancy.tokens (key_id, secret_hash, kind, user_id, account_id, expires_at, idle_expires_at) VALUES
      ('person', sha256('p'), 'session', '$both', NULL, '2027-01-01T12:00Z', '2027-01-01T00:15Z'),
      ('adapter', sha256('a'), 'service', NULL, '$account', '2027-04-01Z', NULL);
    INSERT INTO tenancy.account_certificates (account_id, fingerprint, label, bound_at) VALUES
      ('$account', sha256('old'), 'old', '2026-11-22Z');
    INSERT INTO feed.subscriptions (id, account_id, name) VALUES ('$account', '$account', 'main');
    INSERT INTO feed.leases (subscription_id, holder, expires_at) VALUES ('$account', '$account', '2027-01-01Z')";

/// `$p` is the practice, `$n` what its unique texts end with; every other row has the practice's id too.
const PRACTICE: &str = "
    INSERT INTO tenancy.practices (id, name, npi, tax_id, address_line1, city, state, zip_code)
      VALUES ('$p', 'Practice $n', '1999999984', '123456789', '1 Way', 'Boston', 'MA', '021180001');
    INSERT INTO tenancy.memberships (practice_id, user_id, role, is_owner) VALUES ('$p', '$both', 'admin', true);
    INSERT INTO clinical.therapists (practice_id, id, first_name, last_name, npi) VALUES ('$p', '$p', 'Al', 'Ice', '1234567893');
    INSERT INTO clinical.patients (practice_id, id, therapist_id, first_name, last_name, date_of_birth)
      VALUES ('$p', '$p', '$p', 'Canary', 'Of$n', '1990-01-15');
    INSERT INTO tenancy.break_glasses (practice_id, id, user_id, patient_id, reason, opened_at, expires_at)
      VALUES ('$p', '$p', '$both', '$p', 'an emergency', '2026-11-20T10:00Z', '2026-11-20T11:00Z');
    INSERT INTO clinical.coverages (practice_id, id, patient_id, payer_id, member_id, effective_from)
      VALUES ('$p', '$p', '$p', '99901', 'W1', '2026-01-01');
    INSERT INTO clinical.network_statuses (practice_id, id, therapist_id, payer_id, status, effective_from)
      VALUES ('$p', '$p', '$p', '99901', 'in_network', '2026-01-01');
    INSERT INTO clinical.sessions (practice_id, id, therapist_id, patient_id, session_date, cpt_code, duration_minutes, fee, status, completed_at)
      VALUES ('$p', '$p', '$p', '$p', '2026-11-20', '90837', 55, 150, 'completed', '2026-11-20Z');
    INSERT INTO claims.claims (practice_id, id, claim_number, session_id, patient_id, therapist_id, coverage_id, payer_id, service_date, charge_amount)
      VALUES ('$p', '$p', 'AAAAAAAAAAA$n', '$p', '$p', '$p', '$p', '99901', '2026-11-20', 150);
    INSERT INTO claims.claim_numbers (claim_number, practice_id, claim_id) VALUES ('AAAAAAAAAAA$n', '$p', '$p');
    INSERT INTO claims.claim_lines (practice_id, claim_id, line_number, cpt_code, charge_amount, place_of_service, service_date)
      VALUES ('$p', '$p', 1, '90837', 150, '11', '2026-11-20');
    INSERT INTO claims.submissions (practice_id, id, claim_id, attempt, submitted_at, submitted_by, snapshot, snapshot_hash)
      VALUES ('$p', '$p', '$p', 1, '2026-11-21Z', '$both', '{}', sha256('x'));
    INSERT INTO claims.acknowledgments (practice_id, id, response_id, claim_id, kind, body, body_hash, occurred_at, received_at, reported_by, outcome)
      VALUES ('$p', '$p', 'r1', '$p', 'accepted', '{}', sha256('x'), '2026-11-22Z', '2026-11-22Z', '$account', 'applied');
    INSERT INTO claims.remittances (practice_id, id, payer_id, payer_trace, payment_reference, payment_method, payment_date, payment_amount, received_at)
      VALUES ('$p', '$p', '99901', '1', 'EFT1', 'ach', '2026-11-23', 100, '2026-11-23Z');
    INSERT INTO claims.remittance_claims (practice_id, id, remittance_id, claim_number, payer_status_code, charge_amount, paid_amount, state_reason)
      VALUES ('$p', '$p', '$p', 'AAAAAAAAAAA$n', '1', 150, 100, 'CLAIM_UNKNOWN');
    INSERT INTO claims.ledger_entries (practice_id, id, claim_id, kind, amount, occurred_on, created_by)
      VALUES ('$p', '$p', '$p', 'payer_payment', 100, '2026-11-23', '$account');
    INSERT INTO claims.claim_actions (practice_id, id, claim_id, kind, reason, was_proposed, state, requested_by, requested_at)
      VALUES ('$p', '$p', '$p', 'write_off', 'not worth an appeal', true, 'proposed', '$p', '2026-11-20T10:00Z');
    INSERT INTO claims.batches (practice_id, id, trading_partner_id, control_number, reference, claim_count, charge_amount, content,
        content_hash, content_size, created_by)
      VALUES ('$p', '$p', 'main', ascii('$n'), 'B$n', 1, 150, 'ISA', sha256('ISA'), 3, '$both');
    INSERT INTO claims.interchanges (control_number, practice_id, batch_id) VALUES (ascii('$n'), '$p', '$p');
    INSERT INTO claims.inbound_files (practice_id, id, state, content_hash, received_at, received_from)
      VALUES ('$p', '$p', 'received', sha256('ISA'), '2026-11-23Z', '$account');
    INSERT INTO claims.inbound_chunks (practice_id, file_id, ordinal, content) VALUES ('$p', '$p', 0, 'ISA');
    INSERT INTO claims.inbound_messages (practice_id, id, file_id, ordinal, kind, interchange_control, state, received_at, received_from)
      VALUES ('$p', '$p', '$p', 1, '835', '000000001', 'applied', '2026-11-23Z', '$account');
    INSERT INTO claims.practice_ledger_entries (practice_id, id, remittance_id, ordinal, kind, reason_code, amount, occurred_on, created_by)
      VALUES ('$p', '$p', '$p', 1, 'provider_adjustment', 'WO', 10, '2026-11-23', '$account');
    INSERT INTO feed.events (practice_id, position, event_id, subject_id, subject_version, type, payload, occurred_at)
      VALUES ('$p', 1, '$p', '$p', 1, 'drafted', 'x', '2026-11-20Z');
    INSERT INTO feed.cursors (practice_id, subscription_id) VALUES ('$p', '$account');
    INSERT INTO audit.entries (practice_id, position, recorded_at, actor_kind, user_id, action, outcome, resource_type, $chain)
      VALUES ('$p', 1, '2026-11-20Z', 'user', '$both', 'create', 'allowed', 'practice', $link);
    INSERT INTO audit.checkpoints (practice_id, size, peaks, exported_at) VALUES ('$p', 1, sha256('x'), '2026-11-20Z');
    INSERT INTO audit.archive_checks (practice_id, month, run, first_position, last_position, sha256, checked_at)
      VALUES ('$p', '2025-10-01', '$p', 1, 1, sha256('x'), '2026-11-20Z');
    INSERT INTO analytics.practice_summaries (practice_id, day) VALUES ('$p', '2026-11-20');
    INSERT INTO analytics.watermarks (practice_id) VALUES ('$p');
    INSERT INTO ops.requests (practice_id, caller_id, method, request_id, request_hash) VALUES ('$p', '$both', 'm', '$p', sha256('x'))";

const GRANT: &str = "
    INSERT INTO tenancy.service_grants (practice_id, account_id, scopes, valid_from)
      VALUES ('$p', '$account', '{acks:write}', '2026-01-01Z')";

pub(crate) async fn fill(migrator: &mut AsyncPgConnection) {
    let names = |sql: &str| {
        sql.replace("$both", BOTH).replace("$account", ACCOUNT).replace("$chain", CHAIN).replace("$link", LINK)
    };
    run(migrator, &names(GLOBAL)).await;
    for (practice, n) in [(A, "A"), (B, "B")] {
        run(migrator, &names(PRACTICE).replace("$p", practice).replace("$n", n)).await;
    }
    run(migrator, &names(GRANT).replace("$p", A)).await;
}
