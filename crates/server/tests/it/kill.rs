//! Processes die under load, again and again: what was answered is on record, and what is on record was asked for.
//!
//! Callers of several practices keep a journal of what they sent and how it was answered. In the end the audit log has one
//! entry for each answer, and beyond those only entries of calls whose answer was lost; its chain and its checkpoints
//! are good by the verification that an auditor runs. `CLAIMSD_KILLS=200/20` kills as many servers and databases.
#![expect(clippy::expect_used, reason = "a step that fails ends the test")]

mod ingest;
mod journal;
mod site;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use self::journal::{Journal, caller};
use self::site::Site;

/// Kills of claimsd and of PostgreSQL, unless the environment says otherwise.
const KILLS: [usize; 2] = [16, 4];
/// How long the last server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Callers of each practice.
const CALLERS: usize = 2;

#[expect(clippy::disallowed_methods, reason = "the long run is asked for by the environment")]
fn kills() -> [usize; 2] {
    let wanted = std::env::var("CLAIMSD_KILLS").ok();
    let numbers = wanted.as_deref().and_then(|text| text.split_once('/'));
    numbers.map_or(KILLS, |(servers, databases)| [servers, databases].map(|n| n.parse().expect("a number")))
}

/// Which of the rounds kill the database: spread evenly.
const fn is_of_database(round: usize, [servers, databases]: [usize; 2]) -> bool {
    let all = servers + databases;
    (round + 1) * databases / all > round * databases / all
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "callers end with the test")]
async fn the_log_is_what_was_answered_whatever_is_killed() {
    let wanted = kills();
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut site = Site::open().await;
    let begins = site.positions().await;
    let (journal, is_over) = (Arc::new(Journal::default()), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = site
        .seats
        .iter()
        .flat_map(|seat| (0..CALLERS).map(move |number| (seat.clone(), number)))
        .map(|(seat, number)| {
            let (journal, is_over) = (Arc::clone(&journal), Arc::clone(&is_over));
            tokio::spawn(caller(format!("http://{}", site.address), seat, seed ^ number as u64, journal, is_over))
        })
        .collect();
    let (begun, mut killed) = (Instant::now(), [0, 0]);
    for round in 0..wanted.iter().sum() {
        // it is killed while it starts, too
        tokio::time::sleep(Duration::from_millis(dice.random_range(150..1_500))).await;
        let which = usize::from(is_of_database(round, wanted));
        killed[which] += usize::from(if which == 1 { site.kill_database() } else { site.kill_server() });
        // it is up again, or was never down
        site.serve();
    }
    tokio::time::timeout(PATIENCE, journal.wait_for_more()).await.expect("the last server answers");
    is_over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("a caller comes to its end");
    }
    site.end();
    println!("killed {} servers and {} databases in {:.1?}", killed[0], killed[1], begun.elapsed());
    assert_eq!(killed, wanted);
    let entries = site.entries(&begins).await;
    let effects = site.effects().await;
    journal.compare(&entries, &effects);
    site.verify();
}
