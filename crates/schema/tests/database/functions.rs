//! What the SECURITY DEFINER functions answer, and to whom they don't.

use diesel_async::AsyncPgConnection;

use crate::rows::{A, ACCOUNT, B, BOTH, CHAIN, LINK, fill};
use crate::support::{Database, line, lines, refused, run};

async fn filled() -> (Database, AsyncPgConnection) {
    let database = Database::migrated().await;
    fill(&mut database.connect("claims_migrator").await).await;
    let app = database.connect("claims_app").await;
    (database, app)
}

/// One statement of the application in a practice; keeps what it did.
async fn inside(app: &mut AsyncPgConnection, practice: &str, query: &str) -> Vec<String> {
    run(app, &format!("BEGIN; SELECT tenancy.enter('{practice}', 5000)")).await;
    let found = lines(app, query).await;
    run(app, "COMMIT").await;
    found
}

#[tokio::test]
async fn a_token_resolves_to_its_bearers_gates() {
    let (_database, mut app) = filled().await;
    let columns = "concat_ws(' ', kind, user_is_active, user_is_verified, phi_training_completed, account_name, account_is_active)";
    let person = line(&mut app, &format!("SELECT {columns} AS line FROM tenancy.token_resolve('person')")).await;
    assert_eq!(person, "session t f f");
    let adapter = line(&mut app, &format!("SELECT {columns} AS line FROM tenancy.token_resolve('adapter')")).await;
    assert_eq!(adapter, "service adapter t");
    assert!(lines(&mut app, "SELECT key_id AS line FROM tenancy.token_resolve('nobody')").await.is_empty());
}

#[tokio::test]
async fn a_sessions_idle_end_moves_forward_but_never_past_its_end() {
    let (_database, mut app) = filled().await;
    let idle = "SELECT idle_expires_at::text AS line FROM tenancy.token_resolve('person')";
    for (touch, expected) in [
        ("2027-01-01T00:30Z", "2027-01-01 00:30:00+00"),
        ("2027-01-01T00:20Z", "2027-01-01 00:30:00+00"),
        ("2027-01-02T00:00Z", "2027-01-01 12:00:00+00"),
    ] {
        run(&mut app, &format!("SET timezone = 'UTC'; SELECT tenancy.token_touch('person', '2027-01-01', '{touch}')"))
            .await;
        assert_eq!(line(&mut app, idle).await, expected);
    }
    run(&mut app, "SELECT tenancy.token_touch('adapter', '2027-01-01', '2027-01-01Z')").await;
    let adapter = "SELECT concat_ws('|', last_used_on, idle_expires_at) AS line FROM tenancy.token_resolve('adapter')";
    assert_eq!(line(&mut app, adapter).await, "2027-01-01");
}

#[tokio::test]
async fn a_token_is_revoked_once() {
    let (_database, mut app) = filled().await;
    let revoke = "SELECT tenancy.token_revoke('person', '2026-12-01Z')::text AS line";
    assert_eq!(line(&mut app, revoke).await, "true");
    assert_eq!(line(&mut app, revoke).await, "false");
    let resolved = "SELECT (revoked_at = '2026-12-01Z')::text AS line FROM tenancy.token_resolve('person')";
    assert_eq!(line(&mut app, resolved).await, "true");
}

#[tokio::test]
async fn logins_find_people_without_regard_to_case() {
    let (_database, mut app) = filled().await;
    let login = "SELECT password_hash AS line FROM tenancy.user_by_email_for_login('BOTH@Example.com')";
    assert_eq!(line(&mut app, login).await, "hash of both");
    assert_eq!(line(&mut app, "SELECT tenancy.user_id_by_email('Both@example.com')::text AS line").await, BOTH);
    let duplicate = "SELECT tenancy.user_insert('018f0000-0000-7000-8000-0000000000ff', 'BOTH@example.com', 'h', 'a', 'b', 'billing',
                     false, NULL, NULL, now())";
    assert!(refused(&mut app, duplicate).await.contains("users_email_key"));
}

#[tokio::test]
async fn people_are_seen_in_the_practices_they_are_members_of() {
    let (_database, mut app) = filled().await;
    let new = "018f0000-0000-7000-8000-0000000000f0";
    let insert = format!(
        "SELECT concat_ws(' ', email, phi_training_completed, version) AS line FROM tenancy.user_insert(
           '{new}', 'new@example.com', 'h', 'N', 'Ew', 'billing', true, '2026-01-01Z', '2027-01-01Z', now())"
    );
    assert_eq!(inside(&mut app, A, &insert).await, ["new@example.com t 1"]);
    let get = format!("SELECT email AS line FROM tenancy.user_get_in_practice('{new}')");
    assert!(inside(&mut app, A, &get).await.is_empty(), "not before there is a membership");
    let join = format!(
        "INSERT INTO tenancy.memberships (practice_id, user_id, role) VALUES ('{A}', '{new}', 'billing') RETURNING role AS line"
    );
    assert_eq!(inside(&mut app, A, &join).await, ["billing"]);
    assert_eq!(inside(&mut app, A, &get).await, ["new@example.com"]);
    assert!(inside(&mut app, B, &get).await.is_empty());

    let all = "SELECT email AS line FROM tenancy.users_in_practice(true, NULL, 10)";
    assert_eq!(inside(&mut app, A, all).await, ["both@example.com", "new@example.com"]);
    assert_eq!(inside(&mut app, B, all).await, ["both@example.com"]);
    let page = format!("SELECT email AS line FROM tenancy.users_in_practice(true, '{BOTH}', 1)");
    assert_eq!(inside(&mut app, A, &page).await, ["new@example.com"]);

    let update = |version: i32| {
        format!(
            "SELECT concat_ws(' ', last_name, is_active, phi_training_completed, version) AS line FROM tenancy.user_update(
               '{new}', {version}, 'new@example.com', 'N', 'Ewer', 'billing', false, true, NULL, NULL, now())"
        )
    };
    assert!(inside(&mut app, B, &update(1)).await.is_empty(), "not in a practice of others");
    assert!(inside(&mut app, A, &update(2)).await.is_empty(), "not with another version");
    assert_eq!(inside(&mut app, A, &update(1)).await, ["Ewer f f 2"]);
    let without = "SELECT email AS line FROM tenancy.users_in_practice(true, NULL, 10)";
    assert!(refused(&mut app, without).await.contains("invalid input syntax for type uuid"), "not without a practice");
}

#[tokio::test]
async fn passwords_and_sessions_are_in_the_hands_of_the_practices_of_a_person() {
    let (database, mut app) = filled().await;
    let password = format!("SELECT tenancy.user_set_password('{BOTH}', 'new hash', now())::text AS line");
    let log_out = format!("SELECT tenancy.tokens_revoke_of_user('{BOTH}', now())::text AS line");
    let mut migrator = database.connect("claims_migrator").await;
    run(&mut migrator, &format!("DELETE FROM tenancy.memberships WHERE practice_id = '{B}'")).await;
    assert_eq!(inside(&mut app, B, &password).await, ["false"]);
    assert_eq!(inside(&mut app, B, &log_out).await, ["0"]);
    assert_eq!(inside(&mut app, A, &password).await, ["true"]);
    assert_eq!(inside(&mut app, A, &log_out).await, ["1"]);
    let login = "SELECT password_hash AS line FROM tenancy.user_by_email_for_login('both@example.com')";
    assert_eq!(line(&mut app, login).await, "new hash");

    let members = "SELECT concat_ws(' ', practice_name, email, role) AS line
                   FROM tenancy.memberships_in_practice(NULL, true, NULL, 10)";
    assert_eq!(inside(&mut app, A, members).await, ["Practice A both@example.com admin"]);
    assert!(inside(&mut app, B, members).await.is_empty());
}

#[tokio::test]
async fn a_person_lists_and_chooses_among_own_practices_only() {
    let (database, mut app) = filled().await;
    let names = format!("SELECT practice_name AS line FROM tenancy.memberships_of_user('{BOTH}')");
    assert_eq!(lines(&mut app, &names).await, ["Practice A", "Practice B"]);
    let choose = |practice: &str| {
        format!("SELECT tenancy.user_set_active_practice('{BOTH}', '{practice}', now())::text AS line")
    };
    assert_eq!(line(&mut app, &choose(B)).await, "true");
    let active = "SELECT active_practice_id::text AS line FROM tenancy.token_resolve('person')";
    assert_eq!(line(&mut app, active).await, B);

    let mut migrator = database.connect("claims_migrator").await;
    run(&mut migrator, &format!("UPDATE tenancy.memberships SET is_active = false WHERE practice_id = '{A}'")).await;
    assert_eq!(line(&mut app, &choose(A)).await, "false");
    assert_eq!(line(&mut app, &choose("018f0000-0000-7000-8000-0000000000ff")).await, "false");
    assert_eq!(line(&mut app, active).await, B);
    let practices = format!("SELECT name AS line FROM tenancy.practices_of_user('{BOTH}', NULL, 10)");
    assert_eq!(lines(&mut app, &practices).await, ["Practice B"]);
    let memberships = format!("SELECT is_active::text AS line FROM tenancy.memberships_of_user('{BOTH}')");
    assert_eq!(lines(&mut app, &memberships).await, ["false", "true"], "ended ones are told too");
}

#[tokio::test]
async fn a_one_time_token_is_redeemed_in_its_time_once_and_by_who_knows_its_secret() {
    let (_database, mut app) = filled().await;
    let insert = format!(
        "SELECT tenancy.one_time_insert('once', sha256('o'), 'reset', '{BOTH}', '2026-11-23Z', '2026-11-23T01:00Z')::text AS line"
    );
    assert_eq!(inside(&mut app, A, &insert).await, ["true"]);
    let redeem = |secret: &str, at: &str| {
        format!("SELECT tenancy.one_time_redeem('once', sha256('{secret}'), 'new hash', '{at}')::text AS line")
    };
    assert_eq!(line(&mut app, &redeem("o", "2026-11-23T01:00Z")).await, "false", "its time is over");
    assert_eq!(line(&mut app, &redeem("p", "2026-11-23T00:59Z")).await, "false");
    assert_eq!(line(&mut app, &redeem("o", "2026-11-23T00:59Z")).await, "true");
    assert_eq!(line(&mut app, &redeem("o", "2026-11-23T00:59Z")).await, "false", "it is used up");
}

#[tokio::test]
async fn certificates_are_bound_where_their_account_is_granted_and_come_with_its_tokens() {
    let (_database, mut app) = filled().await;
    let bind = |name: &str| {
        format!(
            "SELECT version::text AS line FROM tenancy.certificate_bind('{ACCOUNT}', sha256('{name}'), '{name}', '2026-11-23Z')"
        )
    };
    let unbind = |name: &str| {
        format!(
            "SELECT version::text AS line FROM tenancy.certificate_unbind('{ACCOUNT}', sha256('{name}'), '2026-11-24Z')"
        )
    };
    assert!(inside(&mut app, B, &bind("new")).await.is_empty(), "not by a practice without a grant");
    assert!(inside(&mut app, B, &unbind("old")).await.is_empty(), "nor unbound by one");
    assert_eq!(inside(&mut app, A, &bind("new")).await, ["2"]);
    assert!(inside(&mut app, A, &bind("new")).await.is_empty(), "not twice");
    let bound = format!("SELECT label AS line FROM tenancy.certificates_of_account('{ACCOUNT}')");
    assert_eq!(lines(&mut app, &bound).await, ["old", "new"]);
    let known = |key_id: &str| {
        format!(
            "SELECT (certificates @> ARRAY[sha256('new')])::text || cardinality(certificates) AS line FROM tenancy.credential_resolve('{key_id}')"
        )
    };
    assert_eq!(line(&mut app, &known("adapter")).await, "true2");
    assert_eq!(line(&mut app, &known("person")).await, "false0");
    assert!(lines(&mut app, &known("nobody")).await.is_empty());
    assert_eq!(inside(&mut app, A, &unbind("old")).await, ["3"]);
    assert!(inside(&mut app, A, &unbind("old")).await.is_empty(), "not twice");
    assert_eq!(lines(&mut app, &bound).await, ["new"]);
    let without = bind("other");
    assert!(refused(&mut app, &without).await.contains("invalid input syntax for type uuid"), "not without a practice");
}

#[tokio::test]
async fn accounts_and_tokens_are_seen_where_they_are_granted() {
    let (_database, mut app) = filled().await;
    let tokens = format!("SELECT key_id AS line FROM tenancy.tokens_in_practice('{ACCOUNT}', NULL, NULL, 10)");
    assert_eq!(inside(&mut app, A, &tokens).await, ["adapter"]);
    assert!(inside(&mut app, B, &tokens).await.is_empty());
    let end = "SELECT tenancy.token_end('adapter', '2026-12-24Z')::text AS line";
    assert_eq!(inside(&mut app, B, end).await, ["false"]);
    assert_eq!(inside(&mut app, A, end).await, ["true"]);
    let counting = |at: &str| format!("SELECT key_id AS line FROM tenancy.tokens_in_practice(NULL, '{at}', NULL, 10)");
    assert_eq!(inside(&mut app, A, &counting("2026-12-23Z")).await, ["adapter"]);
    assert!(inside(&mut app, A, &counting("2026-12-25Z")).await.is_empty());
    let lock = format!("SELECT name AS line FROM tenancy.service_account_lock('{ACCOUNT}')");
    assert_eq!(inside(&mut app, A, &lock).await, ["adapter"]);
    assert!(inside(&mut app, B, &lock).await.is_empty());
    let practices =
        format!("SELECT name AS line FROM tenancy.practices_of_account('{ACCOUNT}', '2026-11-23Z', NULL, 10)");
    assert_eq!(lines(&mut app, &practices).await, ["Practice A"]);

    let accounts = "SELECT concat_ws(' ', name, scopes, grant_version) AS line FROM tenancy.service_accounts_in_practice(NULL, 10)";
    assert_eq!(inside(&mut app, A, accounts).await, ["adapter {acks:write} 1"]);
    assert!(inside(&mut app, B, accounts).await.is_empty());
    let grant = format!(
        "SELECT version::text AS line FROM tenancy.grant_upsert('{ACCOUNT}', '{{acks:write,claims:stream}}', '2026-01-01Z', NULL, now())"
    );
    assert_eq!(inside(&mut app, B, &grant).await, ["1"]);
    assert_eq!(inside(&mut app, A, &grant).await, ["2"]);
    let grants =
        format!("SELECT concat_ws(' ', practice_name, scopes) AS line FROM tenancy.grants_of_account('{ACCOUNT}')");
    assert_eq!(
        lines(&mut app, &grants).await,
        ["Practice A {acks:write,claims:stream}", "Practice B {acks:write,claims:stream}"]
    );
    let wildcard = format!(
        "BEGIN; SELECT tenancy.enter('{A}', 5000); SELECT tenancy.grant_upsert('{ACCOUNT}', '{{*}}', now(), NULL, now())"
    );
    assert!(refused(&mut app, &wildcard).await.contains("service_grants_scopes_check"));
}

#[tokio::test]
async fn a_claim_number_resolves_only_for_an_account_with_that_scope_there_and_then() {
    let (_database, mut app) = filled().await;
    let resolve = |number: &str, account: &str, scope: &str, at: &str| {
        format!(
            "SELECT practice_id::text AS line FROM claims.claim_number_resolve('{number}', '{account}', '{scope}', '{at}')"
        )
    };
    let now = "2026-11-23Z";
    assert_eq!(lines(&mut app, &resolve("AAAAAAAAAAAA", ACCOUNT, "acks:write", now)).await, [A]);
    for nothing in [
        resolve("AAAAAAAAAAAB", ACCOUNT, "acks:write", now),
        resolve("AAAAAAAAAAAA", ACCOUNT, "remits:write", now),
        resolve("AAAAAAAAAAAA", BOTH, "acks:write", now),
        resolve("AAAAAAAAAAAA", ACCOUNT, "acks:write", "2025-12-31Z"),
        resolve("ZZZZZZZZZZZZ", ACCOUNT, "acks:write", now),
    ] {
        assert!(lines(&mut app, &nothing).await.is_empty(), "{nothing}");
    }
}

#[tokio::test]
async fn a_subscription_moves_for_its_account_where_that_may_read() {
    let (database, mut app) = filled().await;
    let mut owner = database.connect("claims_migrator").await;
    let made = format!(
        "WITH s AS (INSERT INTO feed.subscriptions (id, account_id, name) VALUES ('{A}', '{ACCOUNT}', 'mover') RETURNING id)
         INSERT INTO feed.leases (subscription_id, holder, expires_at) SELECT id, id, now() FROM s;
         UPDATE tenancy.service_grants SET scopes = '{{claims:stream}}' WHERE account_id = '{ACCOUNT}'"
    );
    run(&mut owner, &made).await;
    let seek = |account: &str| {
        format!(
            "SELECT feed.subscription_seek('{account}', 'mover', '{{{A},{B}}}', '{{0,0}}', '2026-11-23Z')::text AS line"
        )
    };
    assert_eq!(line(&mut app, &seek(ACCOUNT)).await, "2");
    let moved = format!("SELECT practice_id::text AS line FROM feed.cursors WHERE subscription_id = '{A}'");
    assert_eq!(lines(&mut owner, &moved).await, [A], "nothing moves where the account holds no grant");
    assert_eq!(
        line(&mut app, &format!("SELECT coalesce(({}), 'none') AS line", seek(BOTH).replace("AS line", ""))).await,
        "none"
    );
}

#[tokio::test]
async fn partitions_are_made_ahead_once_and_a_filled_month_is_left_alone() {
    let (database, mut app) = filled().await;
    assert_eq!(line(&mut app, "SELECT ops.make_partitions(4)::text AS line").await, "4");
    assert_eq!(line(&mut app, "SELECT ops.make_partitions(4)::text AS line").await, "0");
    assert!(refused(&mut app, "SELECT ops.make_partitions(61)").await.contains("between 0 and 60"));

    let mut migrator = database.connect("claims_migrator").await;
    let ahead = format!(
        "INSERT INTO audit.entries (practice_id, position, recorded_at, actor_kind, action, outcome, resource_type, {CHAIN})
         VALUES ('{A}', 2, date_trunc('month', now()) + interval '5 months', 'system', 'view', 'allowed', 'patient', {LINK})"
    );
    run(&mut migrator, &ahead).await;
    assert_eq!(line(&mut app, "SELECT ops.make_partitions(5)::text AS line").await, "1", "the feed's, not the audit's");
    let kept = "SELECT count(*)::text AS line FROM audit.entries_default WHERE recorded_at > now()";
    assert_eq!(line(&mut migrator, kept).await, "1");
}

#[tokio::test]
async fn an_event_can_not_be_appended_twice() {
    let (_database, mut app) = filled().await;
    run(&mut app, &format!("BEGIN; SELECT tenancy.enter('{A}', 5000)")).await;
    let again = format!(
        "INSERT INTO feed.events (practice_id, position, event_id, subject_id, subject_version, type, payload, occurred_at)
         VALUES ('{A}', 2, '{B}', '{A}', 1, 'drafted', 'x', now())"
    );
    assert!(refused(&mut app, &again).await.contains("duplicate key"));
}

#[tokio::test]
async fn payers_load_repeatably_and_are_read_only_to_the_application() {
    let (database, mut app) = filled().await;
    let mut migrator = database.connect("claims_migrator").await;
    run(&mut migrator, "SET ROLE claims_owner").await;
    let load = |name: &str| {
        format!(
            r#"SELECT claims.payers_load('[{{"payer_id": "99901", "name": "{name}", "filing_indicator": "CI", "valid_from": "2020-01-01",
               "needs_group_number": true, "telehealth_pos": "10", "telehealth_modifier": "95"}}]')::text AS line"#
        )
    };
    assert_eq!(line(&mut migrator, &load("One")).await, "1");
    assert_eq!(line(&mut migrator, &load("Two")).await, "1");
    let read = "SELECT concat_ws(' ', name, needs_group_number, timely_filing_days, telehealth_pos) AS line
                FROM claims.payers JOIN claims.payer_profiles ON payer_id = id";
    assert_eq!(lines(&mut app, read).await, ["Two t 90 10"]);
    assert!(refused(&mut app, "UPDATE claims.payers SET name = 'x'").await.contains("permission denied"));
    assert!(refused(&mut app, &load("Three")).await.contains("permission denied"));
}

#[tokio::test]
async fn network_statuses_of_a_therapist_and_payer_never_overlap() {
    let (_database, mut app) = filled().await;
    run(&mut app, &format!("BEGIN; SELECT tenancy.enter('{A}', 5000)")).await;
    let next = format!(
        "INSERT INTO clinical.network_statuses (practice_id, id, therapist_id, payer_id, status, effective_from)
         VALUES ('{A}', '{B}', '{A}', '99901', 'pending', '2026-06-01')"
    );
    run(&mut app, "SAVEPOINT s").await;
    assert!(refused(&mut app, &next).await.contains("network_statuses_no_overlap"));
    run(&mut app, "ROLLBACK TO s; UPDATE clinical.network_statuses SET effective_to = '2026-05-31'").await;
    run(&mut app, &next).await;
}

#[tokio::test]
async fn claims_hold_only_states_that_exist_and_one_active_claim_per_session() {
    let (_database, mut app) = filled().await;
    run(&mut app, &format!("BEGIN; SELECT tenancy.enter('{A}', 5000); SAVEPOINT s")).await;
    let illegal = "UPDATE claims.claims SET status = 'paid', payer_state = 'queued', submitted_at = now(), attempt = 1, snapshot = '{}'";
    assert!(refused(&mut app, illegal).await.contains("claims_payer_state_check"));
    let second = format!(
        "INSERT INTO claims.claims (practice_id, id, claim_number, session_id, patient_id, therapist_id, service_date, charge_amount)
         VALUES ('{A}', '{B}', 'BBBBBBBBBBBB', '{A}', '{A}', '{A}', '2026-11-20', 150)"
    );
    run(&mut app, "ROLLBACK TO s").await;
    assert!(refused(&mut app, &second).await.contains("claims_active_session_key"));
    run(&mut app, "ROLLBACK TO s; UPDATE claims.claims SET disposition = 'cancelled'").await;
    run(&mut app, &second).await;
}

#[tokio::test]
async fn answers_are_purged_after_thirty_days_a_batch_at_a_time_and_none_before() {
    let (_database, mut app) = filled().await;
    run(&mut app, &format!("BEGIN; SELECT tenancy.enter('{A}', 5000)")).await;
    let count = "SELECT count(*)::text AS line FROM ops.requests";
    let before: i64 = line(&mut app, count).await.parse().unwrap();
    let insert = format!(
        "INSERT INTO ops.requests (practice_id, caller_id, method, request_id, request_hash, created_at)
         SELECT '{A}', '{A}', 'm', gen_random_uuid(), sha256('x'), now() - age::interval
         FROM unnest(ARRAY['29 days 23 hours', '30 days 1 hour', '31 days', '1 year']) AS age"
    );
    run(&mut app, &insert).await;
    let purge = |now: &str| format!("SELECT ops.purge_requests({now}, 2)::text AS line");
    assert_eq!(
        line(&mut app, &purge("now() - interval '5 days'")).await,
        "1",
        "by the caller's clock, if it is behind"
    );
    assert_eq!(line(&mut app, &purge("now() + interval '1 year'")).await, "2", "by the database's, if it runs ahead");
    assert_eq!(line(&mut app, &purge("now() + interval '1 year'")).await, "0");
    assert_eq!(line(&mut app, count).await, (before + 1).to_string());
    run(&mut app, "SAVEPOINT s").await;
    assert!(refused(&mut app, "DELETE FROM ops.requests").await.contains("permission denied"));
    run(&mut app, "ROLLBACK TO s").await;
    assert!(refused(&mut app, "SELECT ops.purge_requests(now(), 0)").await.contains("p_max"));
}
