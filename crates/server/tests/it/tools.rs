//! The tools that call the API: the workload with payers and checks, and the import.
#![expect(clippy::expect_used, reason = "a test may stop at the first surprise")]

use std::path::Path;
use std::sync::Arc;

use kernel::Clock;
use server::caller::{Caller, Tally};
use server::import::{self, Output, SyntheaOptions};
use server::verify::{Summary, Verdict};
use server::workload::{self, Once, WorkloadOptions};

use crate::harness::TestServer;

async fn once(server: &TestServer, sessions: usize) -> Verdict {
    let verdict = workload::once(Once {
        endpoint: server.endpoint.clone(),
        operator_token: server.founder.clone(),
        workload: WorkloadOptions { sessions, seed: 1 },
        issuer: Arc::clone(&server.issuer),
        out: None,
        clock: Clock::system(),
    })
    .await
    .expect("it runs to its end");
    assert_eq!(verdict.inconsistencies, Vec::<String>::new());
    verdict
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_adds_up_and_running_it_again_changes_nothing() {
    let server = TestServer::start().await;
    let first = once(&server, 150).await.summary;
    assert_eq!(first.sessions, 150);
    assert!(first.claims > 40 && first.feed_events > first.claims && first.audit_entries > 300, "{first:?}");
    assert!(first.by_status["paid"] > 0 && first.by_status["draft"] > 0, "{first:?}");
    let again = once(&server, 150).await.summary;
    let still = |summary: Summary| Summary { audit_entries: 0, elapsed_s: 0.0, ..summary };
    assert_eq!(still(first), still(again));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_synthea_folder_comes_in_once_however_often_it_is_imported() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/synthea");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let server = TestServer::start().await;
    let practice = server.practice("harbor").await;
    let admin = Caller::connect(&server.endpoint, &practice.tokens[0], &Tally::default()).await.unwrap();
    let admin = admin.in_practice(&practice.id).unwrap();
    let options = SyntheaOptions {
        directory: folder,
        payers: vec![("Humana".to_owned(), "99901".to_owned())],
        output: Output::Table,
    };
    let first = import::synthea(&admin, &options, &Clock::system()).await.unwrap();
    first.show(Output::Table).unwrap();
    for report in &first.files {
        assert_eq!(report.taken + report.refused.values().sum::<usize>(), report.rows, "{report:#?}");
        assert_eq!(report.existing, 0);
        assert!(!report.refused.keys().any(|why| why.starts_with("INVALID")), "{report:#?}");
    }
    let second = import::synthea(&admin, &options, &Clock::system()).await.unwrap();
    for (first, second) in first.files.iter().zip(&second.files) {
        assert_eq!((first.taken, &first.refused), (second.taken, &second.refused));
        let is_sent = first.file != "payers.csv";
        assert_eq!(second.existing, if is_sent { first.taken } else { 0 }, "{second:#?}");
    }
}
