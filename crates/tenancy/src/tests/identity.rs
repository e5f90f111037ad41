use std::time::{Duration, Instant};

use chrono::{Days, NaiveTime};
use therapy_claims::tenancy::v1 as pb;

use super::fixture::*;

#[tokio::test]
async fn tokens_that_do_not_count_are_refused_in_the_same_words() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let other = world.log_in("ada").await.unwrap().token;
    let text = person.token.clone();
    // the right key with another token's secret
    let (key, secret) = (key_id(&text), other.rsplit('_').next().unwrap());
    let body = format!("tc_test_session_{key}_{}", secret.get(..64).unwrap());
    let forged = format!("{body}{:08x}", crc32fast::hash(body.as_bytes()));
    let unknown = crate::token::mint(world.directory.env(), crate::token::TokenKind::Session).unwrap();
    let mut answers = Vec::new();
    for token in ["", "nonsense", text.trim_start_matches('t'), &forged, &unknown.secret.reveal()] {
        let failure = world.directory.resolve(token, None).await.unwrap_err();
        answers.push((failure.code, failure.reason, failure.message));
    }
    for sql in [
        "UPDATE tenancy.tokens SET revoked_at = now()",
        "UPDATE tenancy.tokens SET revoked_at = NULL, expires_at = now()",
        "UPDATE tenancy.tokens SET expires_at = now() + interval '1 h', idle_expires_at = now()",
    ] {
        world.sql(sql).await;
        let failure = world.resolve_now(&text).await.unwrap_err();
        answers.push((failure.code, failure.reason, failure.message));
    }
    world.sql("UPDATE tenancy.tokens SET idle_expires_at = now() + interval '10 min'").await;
    world.resolve_now(&text).await.unwrap();
    world.sql("UPDATE tenancy.users SET is_active = false").await;
    let failure = world.resolve_now(&text).await.unwrap_err();
    answers.push((failure.code, failure.reason, failure.message));
    assert_eq!(answers.len(), 9);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0].1, "UNAUTHENTICATED");
}

#[tokio::test]
async fn what_another_server_revokes_is_refused_within_five_seconds() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    world.directory.resolve(&person.token, None).await.unwrap();
    world.sql("UPDATE tenancy.tokens SET revoked_at = now()").await;
    let since = Instant::now();
    // streams ask past what is kept
    assert!(world.directory.again(key_id(&person.token), None).await.is_err());
    let (_, other) = world.owned_practice("bob").await;
    world.directory.resolve(&other.token, None).await.unwrap();
    world.sql("UPDATE tenancy.memberships SET is_active = false").await;
    loop {
        let identity = world.directory.resolve(&other.token, None).await.unwrap();
        if matches!(&identity.standing, kernel::access::Standing::Person { memberships, .. } if memberships.is_empty())
        {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_use_of_a_token_is_written_down_once_a_minute() {
    let world = World::new().await;
    let (_, person) = world.owned_practice("ada").await;
    let idle = async || {
        world.directory.finished().await;
        let query = "SELECT concat_ws(' ', idle_expires_at, last_used_on) AS line FROM tenancy.tokens";
        world.lines(query).await.remove(0)
    };
    world.resolve_now(&person.token).await.unwrap();
    let first = idle().await;
    world.resolve_now(&person.token).await.unwrap();
    assert_eq!(idle().await, first);
    world.pass(61);
    world.resolve_now(&person.token).await.unwrap();
    assert_ne!(idle().await, first);
}

#[tokio::test]
async fn a_service_token_s_row_is_written_once_a_day_however_many_call() {
    let world = World::new().await;
    let (practice, owner) = world.owned_practice("ada").await;
    let request = pb::CreateServiceAccountRequest {
        service_account: Some(pb::ServiceAccount { name: "adapter".into(), ..Default::default() }),
        grant: Some(pb::ServiceGrant { scopes: vec!["claims:stream".into()], ..Default::default() }),
        request_id: String::new(),
    };
    let account = world.operator.create_account(practice, request).await.unwrap();
    let request = pb::IssueTokenRequest { service_account_id: account.id, ..Default::default() };
    let token = world.operator.issue_token(practice, request).await.unwrap().secret;
    drop(owner);
    world
        .sql(
            "CREATE FUNCTION public.count_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
             BEGIN INSERT INTO public.writes VALUES (NEW.last_used_on); RETURN NULL; END $$",
        )
        .await;
    world.sql("CREATE TABLE public.writes (used_on date)").await;
    world
        .sql(
            "CREATE TRIGGER count_write AFTER UPDATE ON tenancy.tokens FOR EACH ROW WHEN (NEW.kind = 'service') \
             EXECUTE FUNCTION public.count_write()",
        )
        .await;
    let written = async || {
        world.directory.finished().await;
        world.lines("SELECT used_on::text AS line FROM public.writes ORDER BY 1").await
    };
    let midnight = (world.now().date_naive() + Days::new(1)).and_time(NaiveTime::MIN).and_utc();
    world.pass((midnight - world.now()).num_seconds() + 1);
    let mut days = Vec::new();
    for _ in 0..2 {
        days.push(world.now().date_naive().to_string());
        for _ in 0..23 {
            // at once, and past what is kept
            let calls = (0..4).map(|_| world.directory.again(key_id(&token), None));
            assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
            world.pass(60 * 60);
        }
        assert_eq!(written().await, days);
        world.pass(60 * 60);
    }
}
