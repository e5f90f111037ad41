use kernel::id::{ClaimId, SessionId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::fixture::{Fixture, Practice};

const PAID: &str = "status = 'paid', payer_state = 'paid_full', paid_amount = 100, adjusted_amount = 20, \
                    patient_responsibility_amount = 30, copay_amount = 10, adjudicated_at = now()";
const DENIED: &str = "status = 'denied', payer_state = 'denied', adjudicated_at = now()";
const REJECTED: &str = "status = 'draft', payer_state = 'rejected_payer'";

/// What a practice has done so far.
#[derive(Default)]
struct World {
    booked: Vec<SessionId>,
    claims: Vec<ClaimId>,
}

fn pick<T: Copy>(rng: &mut StdRng, from: &[T]) -> Option<T> {
    (!from.is_empty()).then(|| from[rng.random_range(0..from.len())])
}

fn day(rng: &mut StdRng) -> String {
    format!("2026-03-{:02}", rng.random_range(1..=6))
}

async fn something_happens(fixture: &Fixture, practice: Practice, world: &mut World, rng: &mut StdRng) {
    match rng.random_range(0..12) {
        0..=3 => world.booked.push(fixture.book(practice, &day(rng)).await),
        4 => {
            if let Some(session) = pick(rng, &world.booked) {
                fixture.update_session(practice, session, &format!("session_date = '{}'", day(rng))).await;
            }
        }
        5 => {
            if let Some(session) = world.booked.pop() {
                fixture.update_session(practice, session, "status = 'cancelled', cancelled_at = now()").await;
            }
        }
        6 => {
            if let Some(claim) = world.claims.pop() {
                let set = "status = 'draft', payer_state = 'none', disposition = 'cancelled'";
                fixture.update_claim(practice, claim, set).await;
            }
        }
        7 | 8 => {
            if let Some(session) = world.booked.pop() {
                world.claims.push(fixture.complete(practice, session).await);
            }
        }
        _ => {
            if let Some(claim) = pick(rng, &world.claims) {
                claim_moves(fixture, practice, claim, rng).await;
            }
        }
    }
}

async fn claim_moves(fixture: &Fixture, practice: Practice, claim: ClaimId, rng: &mut StdRng) {
    match rng.random_range(0..6) {
        0 => fixture.update_claim(practice, claim, "charge_amount = charge_amount + 1").await,
        1 => {
            let days_ago = rng.random_range(0..40);
            fixture.submit(practice, claim, days_ago).await;
        }
        2 => fixture.update_claim(practice, claim, "status = 'ready', payer_state = 'none'").await,
        n => {
            let days_ago = rng.random_range(0..40);
            let submission = fixture.submit(practice, claim, days_ago).await;
            let (kind, set) = [("paid", PAID), ("denied", DENIED), ("rejected", REJECTED)][n - 3];
            fixture.answer(practice, claim, submission, kind, set).await;
        }
    }
}

#[tokio::test]
async fn following_what_happens_gives_the_figures_of_a_rebuild() {
    let fixture = Fixture::new().await;
    for seed in 0..4 {
        let mut rng = StdRng::seed_from_u64(seed);
        let practice = fixture.practice().await;
        let mut refresher = fixture.refresher();
        let mut world = World::default();
        for round in 0..12 {
            for _ in 0..rng.random_range(1..12) {
                something_happens(&fixture, practice, &mut world, &mut rng).await;
            }
            refresher.pass().await.unwrap();
            let followed = fixture.figures(practice).await;
            rebuild(&fixture.app, &Clock::system(), practice.id).await.unwrap();
            assert_eq!(followed, fixture.figures(practice).await, "seed {seed}, round {round}");
            // the overlap is over: the next round can't live on sessions that changed in this one
            fixture.run("UPDATE clinical.sessions SET updated_at = updated_at - interval '1 hour'").await;
        }
        assert!(world.claims.len() > 2, "seed {seed} did too little");
    }
}

#[tokio::test]
async fn every_figure_is_what_it_says() {
    let fixture = Fixture::new().await;
    let practice = fixture.practice().await;
    let day = "2026-03-02";
    fixture.book(practice, day).await;
    let cancelled = fixture.book(practice, day).await;
    fixture.update_session(practice, cancelled, "status = 'cancelled', cancelled_at = now()").await;
    let mut claims = Vec::new();
    for _ in 0..6 {
        let session = fixture.book(practice, day).await;
        claims.push(fixture.complete(practice, session).await);
    }
    // [draft, submitted, paid at once, denied at once, paid after a rejection, cancelled]
    fixture.submit(practice, claims[1], 1).await;
    let first = fixture.submit(practice, claims[2], 10).await;
    fixture.answer(practice, claims[2], first, "received", "payer_state = 'received'").await;
    fixture.answer(practice, claims[2], first, "paid", PAID).await;
    let first = fixture.submit(practice, claims[3], 5).await;
    fixture.answer(practice, claims[3], first, "denied", DENIED).await;
    let first = fixture.submit(practice, claims[4], 30).await;
    fixture.answer(practice, claims[4], first, "rejected", REJECTED).await;
    let second = fixture.submit(practice, claims[4], 3).await;
    fixture.answer(practice, claims[4], second, "paid", PAID).await;
    fixture.update_claim(practice, claims[5], "disposition = 'cancelled'").await;
    assert!(refresh(&fixture.app, &Clock::system(), practice.id).await.unwrap());

    let row = "SELECT concat_ws(' ', sessions_scheduled, sessions_completed, sessions_cancelled, '|', claims_draft, \
               claims_ready, claims_submitted, claims_paid, claims_denied, '|', charged_amount, paid_amount, \
               adjusted_amount, patient_balance_amount, '|', first_pass_claims, first_pass_accepted, adjudicated_claims, \
               ar_days_total) FROM analytics.practice_summaries";
    assert_eq!(
        fixture.ask(row).await.as_deref(),
        Some("1 6 1 | 1 0 1 2 1 | 750.00 200.00 40.00 40.00 | 3 2 3 18"),
        "10 + 5 + 3 days in A/R; two of three first attempts were not rejected"
    );
}

#[tokio::test]
async fn a_service_that_several_payers_were_asked_for_counts_once() {
    let fixture = Fixture::new().await;
    let practice = fixture.practice().await;
    let session = fixture.book(practice, "2026-03-02").await;
    let first = fixture.complete(practice, session).await;
    let money = async || {
        refresh(&fixture.app, &Clock::system(), practice.id).await.unwrap();
        let row = "SELECT concat_ws(' ', charged_amount, paid_amount, adjusted_amount, patient_balance_amount, '|', \
                   claims_draft, claims_submitted, claims_paid) FROM analytics.practice_summaries";
        fixture.ask(row).await.unwrap()
    };
    let decide = async |claim, set: &str| {
        let submission = fixture.submit(practice, claim, 1).await;
        fixture.answer(practice, claim, submission, "paid", set).await;
    };
    // of 150 the first pays 100, takes 20 off, and leaves 30 to the patient, of which 10 were collected
    decide(first, PAID).await;
    assert_eq!(money().await, "150.00 100.00 20.00 20.00 | 0 0 1");
    let second = fixture.ask_next(practice, first, "secondary").await;
    assert_eq!(money().await, "150.00 100.00 20.00 20.00 | 1 0 1");
    // the second repeats what the first settled, 120, pays 15, takes 5 off, and leaves 10 to the patient
    decide(second, &PAID.replace("= 100", "= 15").replace("= 20", "= 125").replace("= 30", "= 10")).await;
    assert_eq!(money().await, "150.00 115.00 25.00 0.00 | 0 0 2");
    let third = fixture.ask_next(practice, first, "tertiary").await;
    decide(third, &PAID.replace("= 100", "= 3").replace("= 20", "= 140").replace("= 30", "= 7")).await;
    assert_eq!(money().await, "150.00 118.00 25.00 0.00 | 0 0 3", "150 - 118 - 7 that are the patient's");
    // once the second one's decision is taken back, nobody's repeats anything of it
    let reversed = "status = 'submitted', payer_state = 'reversed', paid_amount = 0, adjusted_amount = 0, \
                    patient_responsibility_amount = 0";
    fixture.update_claim(practice, third, "disposition = 'voided'").await;
    fixture.update_claim(practice, second, reversed).await;
    assert_eq!(money().await, "150.00 100.00 20.00 20.00 | 0 1 1");
}

#[tokio::test]
async fn a_refresh_moves_the_watermark_to_the_head_and_a_second_one_writes_nothing() {
    let fixture = Fixture::new().await;
    let practice = fixture.practice().await;
    let mut refresher = fixture.refresher();
    let session = fixture.book(practice, "2026-03-02").await;
    let claim = fixture.complete(practice, session).await;
    fixture.update_claim(practice, claim, "charge_amount = 200").await;
    assert_eq!(refresher.pass().await.unwrap(), 1);
    assert_eq!(refresher.pass().await.unwrap(), 0, "no head moved");
    let mark = "SELECT position FROM analytics.watermarks";
    assert_eq!(fixture.ask(mark).await.as_deref(), Some("2"));

    // within the overlap the day is counted again, and found as it was
    let row = "SELECT concat_ws(' ', xmin, as_of_position) FROM analytics.practice_summaries";
    let before = fixture.ask(row).await;
    assert!(refresh(&fixture.app, &Clock::system(), practice.id).await.unwrap());
    assert_eq!(fixture.ask(row).await, before);
    // and once it is over there is nothing to do
    let later = Clock::system().shifted(OVERLAP * 2);
    assert!(refresh(&fixture.app, &later, practice.id).await.unwrap());
    assert!(!refresh(&fixture.app, &later, practice.id).await.unwrap());
    assert_eq!(fixture.ask(mark).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_moved_session_leaves_its_old_day_and_an_empty_day_leaves_the_table() {
    let fixture = Fixture::new().await;
    let practice = fixture.practice().await;
    let mut refresher = fixture.refresher();
    let session = fixture.book(practice, "2026-03-02").await;
    refresher.pass().await.unwrap();
    fixture.update_session(practice, session, "session_date = '2026-03-05'").await;
    refresher.pass().await.unwrap();
    let days = "SELECT string_agg(day || ': ' || sessions_scheduled, ', ') FROM analytics.practice_summaries";
    assert_eq!(fixture.ask(days).await.as_deref(), Some("2026-03-05: 1"));
}

#[tokio::test]
async fn a_session_that_is_committed_after_a_refresh_that_began_later_is_counted() {
    let fixture = Fixture::new().await;
    let practice = fixture.practice().await;
    let mut refresher = fixture.refresher();
    let session = fixture.book(practice, "2026-03-02").await;
    refresher.pass().await.unwrap();
    let (set, then) = ("status = 'cancelled', cancelled_at = now()", "now() - interval '1 minute'");
    fixture.update_session_at(practice, session, set, then).await;
    // as many are booked as before, so nothing but the time can tell
    let session = fixture.book(practice, "2026-03-02").await;
    fixture.update_session_at(practice, session, "fee = 160", then).await;
    refresher.pass().await.unwrap();
    let cancelled = "SELECT sessions_cancelled FROM analytics.practice_summaries";
    assert_eq!(fixture.ask(cancelled).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn refreshers_of_several_processes_are_in_nobodys_way() {
    let fixture = Fixture::new().await;
    let practice = fixture.practice().await;
    let (mut one, mut two) = (fixture.refresher(), fixture.refresher());
    let mut rng = StdRng::seed_from_u64(7);
    let mut world = World::default();
    for _ in 0..15 {
        let (a, b, ()) = tokio::join!(one.pass(), two.pass(), async {
            for _ in 0..5 {
                something_happens(&fixture, practice, &mut world, &mut rng).await;
            }
        });
        a.unwrap();
        b.unwrap();
    }
    tokio::try_join!(one.pass(), two.pass()).unwrap();
    let followed = fixture.figures(practice).await;
    rebuild(&fixture.app, &Clock::system(), practice.id).await.unwrap();
    assert_eq!(followed, fixture.figures(practice).await);
}

#[tokio::test]
async fn a_practice_is_refreshed_from_its_own_rows_only() {
    let fixture = Fixture::new().await;
    let (ours, theirs) = (fixture.practice().await, fixture.practice().await);
    let session = fixture.book(theirs, "2026-03-02").await;
    fixture.complete(theirs, session).await;
    refresh(&fixture.app, &Clock::system(), ours.id).await.unwrap();
    rebuild(&fixture.app, &Clock::system(), ours.id).await.unwrap();
    assert_eq!(fixture.figures(ours).await, None);
    assert_eq!(fixture.figures(theirs).await, None);
}

#[tokio::test]
async fn the_loop_follows_by_itself_and_ends_with_the_shutdown() {
    let fixture = Fixture::new().await;
    let practice = fixture.practice().await;
    fixture.book(practice, "2026-03-02").await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = fixture.refresher().run(async {
        stopped.await.unwrap();
    });
    let watching = async {
        while fixture.figures(practice).await.is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.send(()).unwrap();
    };
    let both = async { tokio::join!(running, watching) };
    tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
}
