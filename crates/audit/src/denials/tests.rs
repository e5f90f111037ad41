use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::access::Actor;
use kernel::id::UserId;
use kernel::{Ctx, PracticeId};

use super::counts::{Counts, KINDS_OF_ONE, KINDS_OF_STRANGERS, SEVERAL, WINDOW};
use super::*;
use crate::entry::{Action, Outcome};
use crate::trail::tests::{Fixture, ctx};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

/// A refusal of somebody at an RPC.
fn refusal(ctx: &Ctx, actor: Actor, method: &'static str) -> Entry {
    let scope = ctx.scope().unwrap();
    let mut entry = Entry::bare(scope, Action::View, "patient").ended(Outcome::Denied, "PERMISSION_MISSING");
    entry.actor = actor;
    entry.method = method;
    entry
}

fn stranger(ctx: &Ctx, peer: IpAddr) -> Entry {
    let mut entry = Entry::anonymous(ctx.facts(), Action::Auth, "token").ended(Outcome::Denied, "UNAUTHENTICATED");
    entry.peer = Some(peer);
    entry
}

fn method(n: usize) -> &'static str {
    Box::leak(format!("/a.S/M{n}").into_boxed_str())
}

fn somebody() -> Actor {
    Actor::User(UserId::new())
}

#[test]
fn the_first_is_written_at_once_and_its_like_when_the_minute_is_over() {
    let (ctx, actor) = (ctx(UserId::new(), PracticeId::new(), TimeDelta::zero()), somebody());
    let mut counts = Counts::default();
    let (key, first) = counts.note(refusal(&ctx, actor, "/a.S/A"), at(0)).unwrap();
    assert_eq!((key.is_some(), first.attempts), (true, 1));
    for second in 1..=50 {
        assert!(counts.note(refusal(&ctx, actor, "/a.S/A"), at(second)).is_none());
    }
    assert!(counts.due(at(59)).is_empty());
    let due = counts.due(at(60));
    let told: Vec<_> = due.iter().map(|(_, entry)| (entry.attempts, entry.recorded_at, entry.method)).collect();
    assert_eq!(told, [(50, at(60), "/a.S/A")]);
    // who goes on is counted on, who stops is forgotten
    assert!(counts.note(refusal(&ctx, actor, "/a.S/A"), at(61)).is_none());
    assert!(counts.due(at(119)).is_empty());
    assert_eq!(counts.due(at(120)).len(), 1);
    assert_eq!(counts.len(), 1);
    assert!(counts.due(at(180)).is_empty());
    assert_eq!(counts.len(), 0);
    assert!(counts.note(refusal(&ctx, actor, "/a.S/A"), at(181)).is_some(), "a first one again");
}

#[test]
fn callers_rpcs_reasons_and_practices_are_told_apart() {
    let here = ctx(UserId::new(), PracticeId::new(), TimeDelta::zero());
    let there = ctx(UserId::new(), PracticeId::new(), TimeDelta::zero());
    let actor = somebody();
    let mut counts = Counts::default();
    let other_reason = {
        let mut entry = refusal(&here, actor, "/a.S/A");
        entry.reason = Some("PHI_TRAINING_REQUIRED".to_owned());
        entry
    };
    let kinds = [
        refusal(&here, actor, "/a.S/A"),
        refusal(&here, actor, "/a.S/B"),
        refusal(&here, somebody(), "/a.S/A"),
        refusal(&there, actor, "/a.S/A"),
        other_reason,
    ];
    assert!(kinds.into_iter().all(|entry| counts.note(entry, at(0)).is_some()));
}

#[test]
fn a_clock_that_is_set_back_keeps_nothing() {
    let (ctx, actor) = (ctx(UserId::new(), PracticeId::new(), TimeDelta::zero()), somebody());
    let mut counts = Counts::default();
    for _ in 0..2 {
        counts.note(refusal(&ctx, actor, "/a.S/A"), at(10_000));
    }
    assert_eq!(counts.due(at(0)).len(), 1);
}

#[test]
fn one_caller_takes_only_its_share_and_every_attempt_is_counted() {
    let ctx = ctx(UserId::new(), PracticeId::new(), TimeDelta::zero());
    let (attacker, other) = (somebody(), somebody());
    let mut counts = Counts::default();
    let mut written = 0;
    for round in 0..3 {
        for n in 0..KINDS_OF_ONE * 4 {
            let noted = counts.note(refusal(&ctx, attacker, method(n)), at(round));
            written += noted.map_or(0, |(_, entry)| entry.attempts);
        }
    }
    // what is beyond the share is one more kind
    assert_eq!(counts.len(), KINDS_OF_ONE + 1);
    assert!(counts.note(refusal(&ctx, other, "/a.S/A"), at(5)).is_some_and(|(key, _)| key.is_some()));
    assert!(counts.note(refusal(&ctx, other, "/a.S/A"), at(5)).is_none(), "others are counted as ever");
    let due: Vec<Entry> = counts.all(at(6)).into_iter().map(|(_, entry)| entry).collect();
    let mut of_attacker: Vec<_> = due.into_iter().filter(|entry| entry.actor == attacker).collect();
    of_attacker.sort_by_key(|entry| entry.method);
    let counted: i32 = of_attacker.iter().map(|entry| entry.attempts).sum();
    assert_eq!(usize::try_from(written + counted).unwrap(), 3 * KINDS_OF_ONE * 4);
    let together: Vec<_> = of_attacker.iter().filter(|entry| entry.method == SEVERAL).collect();
    assert_eq!(together.len(), 1);
    assert_eq!(together[0].resource, SEVERAL);
}

#[test]
fn strangers_share_a_bound_of_their_own() {
    let ctx = ctx(UserId::new(), PracticeId::new(), TimeDelta::zero());
    let mut counts = Counts::default();
    let (mut written, flood) = (0, KINDS_OF_STRANGERS * 8);
    for n in 0..flood {
        let net = u128::try_from(n).unwrap() << 64;
        let noted = counts.note(stranger(&ctx, IpAddr::V6(Ipv6Addr::from(net))), at(0));
        written += noted.map_or(0, |(_, entry)| entry.attempts);
    }
    assert_eq!(counts.len(), KINDS_OF_STRANGERS + 1);
    // one network is one caller
    let before = counts.len();
    for n in 0..10_u128 {
        counts.note(stranger(&ctx, IpAddr::V6(Ipv6Addr::from(n))), at(0));
    }
    assert_eq!(counts.len(), before);
    assert!(counts.note(refusal(&ctx, somebody(), "/a.S/A"), at(0)).is_some_and(|(key, _)| key.is_some()));
    let counted: i32 = counts.all(at(1)).iter().map(|(_, entry)| entry.attempts).sum();
    assert_eq!(usize::try_from(written + counted).unwrap(), flood + 10);
    // and everything is let go
    counts.due(at(1) + WINDOW);
    counts.due(at(2) + WINDOW * 2);
    assert_eq!(counts.len(), 0);
    assert!(counts.note(stranger(&ctx, IpAddr::V4(Ipv4Addr::LOCALHOST)), at(500)).is_some());
}

/// Attempts by the entries of a practice, in order.
async fn attempts(fixture: &Fixture) -> Vec<i32> {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use schema::tables::audit::entries;
    let conn = fixture.owner.directory().await.unwrap();
    let query = entries::table.filter(entries::practice_id.eq(fixture.practice)).order(entries::position);
    query.select(entries::attempts).load(&mut &*conn).await.unwrap()
}

#[tokio::test]
async fn counts_are_written_when_due_and_at_the_end_and_none_is_lost() {
    let fixture = Fixture::new().await;
    let seconds = Arc::new(AtomicI64::new(Clock::system().now().timestamp()));
    let clock = {
        let seconds = Arc::clone(&seconds);
        Clock::from_fn(move || at(seconds.load(Ordering::Relaxed)))
    };
    let denials = Denials::new(fixture.batcher(), clock);
    let (ctx, actor) = (fixture.ctx(fixture.practice, TimeDelta::zero()), somebody());
    let note = |times| (0..times).for_each(|_| denials.note(refusal(&ctx, actor, "/a.S/A")));
    note(1);
    note(40);
    denials.write_due().await;
    seconds.fetch_add(60, Ordering::Relaxed);
    denials.write_due().await;
    note(7);
    denials.finished().await;
    let mut written = attempts(&fixture).await;
    // the first one goes its own way
    written.sort_unstable();
    assert_eq!(written, [1, 7, 40]);
}

#[tokio::test]
async fn what_could_not_be_written_is_counted_on() {
    let fixture = Fixture::new().await;
    let denials = Denials::new(fixture.batcher(), Clock::system());
    let (ctx, actor) = (fixture.ctx(fixture.practice, TimeDelta::zero()), somebody());
    // no practice, no chain: the log refuses
    let nowhere = fixture.ctx(PracticeId::new(), TimeDelta::zero());
    denials.note(refusal(&nowhere, actor, "/a.S/A"));
    denials.0.writing.close();
    denials.0.writing.wait().await;
    denials.0.writing.reopen();
    let kept: Vec<i32> = denials.counts().all(Clock::system().now()).iter().map(|(_, entry)| entry.attempts).collect();
    assert_eq!(kept, [1]);
    denials.note(refusal(&ctx, actor, "/a.S/A"));
    denials.finished().await;
    assert_eq!(attempts(&fixture).await, [1]);
}
