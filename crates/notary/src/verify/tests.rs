//! Everything that somebody who owns the database, or the checkpoints, may try.

use object_store::{ObjectStore, ObjectStoreExt};
use prost::Message as _;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use therapy_claims::audit::v1::EntryBody;

use super::*;

mod archived;
mod log;

use log::{ENTRIES, Log, SIGNED, place};

/// What makes each column say something else, as SQL.
const COLUMNS: [(&str, &str); 26] = [
    ("recorded_at", "recorded_at + interval '1 microsecond'"),
    ("user_id", "gen_random_uuid()"),
    ("actor_role", "actor_role || 'x'"),
    ("token_key_id", "''"),
    ("action", "CASE action WHEN 'view' THEN 'export' ELSE 'view' END"),
    ("outcome", "CASE outcome WHEN 'allowed' THEN 'failed' ELSE 'allowed' END"),
    ("reason", "CASE WHEN reason IS NULL THEN '' END"),
    ("method", "method || '2'"),
    ("resource_type", "'claim'"),
    ("resource_ids", "resource_ids || 'x'::text, resource_count = resource_count + 1"),
    ("resource_count", "resource_count + 1"),
    ("resource_hash", "''"),
    ("patient_ids", "patient_ids || gen_random_uuid()"),
    ("accessed_phi", "NOT accessed_phi"),
    ("field_classes", "CASE field_classes WHEN '{}' THEN '{financial}'::text[] ELSE '{}' END"),
    ("purpose", "'emergency'"),
    ("request_id", "'other'"),
    ("ip_address", "CASE WHEN ip_address IS NULL THEN '' END"),
    ("break_glass_id", "gen_random_uuid()"),
    ("attempts", "attempts + 1"),
    ("body", "body || '\\x00'"),
    ("body", "set_byte(body, 3, get_byte(body, 3) # 1)"),
    ("mac", "set_byte(mac, 31, get_byte(mac, 31) # 128)"),
    ("hash", "set_byte(hash, 0, get_byte(hash, 0) # 1)"),
    ("position", "position + 1000"),
    // of another kind, with everything that the database demands of that
    ("actor_kind", "'service', account_id = user_id, user_id = NULL"),
];

/// What came of it: exit code, practice, position.
type Outcome = (u8, Option<(PracticeId, i64)>);

fn outcome(report: &Report) -> Outcome {
    (report.exit_code(), report.tampered.first().map(|found| (found.practice, found.position)))
}

struct Trial {
    log: Log,
    tried: usize,
    missed: Vec<String>,
}

impl Trial {
    async fn new() -> Self {
        let log = Log::new().await;
        let report = log.verify(&log.evidence).await;
        assert_eq!((report.exit_code(), report.entries), (0, 2 * ENTRIES.unsigned_abs()), "{report:?}");
        assert_eq!(report.checkpoints, 2 * SIGNED.len() as u64);
        Self { log, tried: 0, missed: Vec::new() }
    }

    fn judge(&mut self, what: &str, report: &Report, expected: Outcome) {
        self.tried += 1;
        if outcome(report) != expected {
            self.missed.push(format!("{what}: {report:?} instead of {expected:?}"));
        }
    }

    /// Spoils the database, verifies, and puts it right.
    async fn spoil(&mut self, sql: &str, expected: (PracticeId, i64)) {
        self.log.run(sql).await;
        let report = self.log.verify(&self.log.evidence).await;
        self.judge(sql, &report, (1, Some(expected)));
        self.log.restore().await;
    }

    /// Verifies with other checkpoints.
    async fn with(&mut self, what: &str, checkpoints: Arc<dyn ObjectStore>, expected: Outcome) {
        let evidence = Evidence { checkpoints: Store::new(checkpoints), ..self.log.evidence.clone() };
        let report = self.log.verify(&evidence).await;
        self.judge(what, &report, expected);
    }

    fn end(self, at_least: usize) {
        println!("{} mutations", self.tried);
        assert!(self.missed.is_empty(), "{} of {}: {:#?}", self.missed.len(), self.tried, self.missed);
        assert!(self.tried >= at_least, "{} mutations", self.tried);
    }
}

#[tokio::test]
async fn no_stored_field_of_any_entry_can_be_changed_unnoticed() {
    let mut trial = Trial::new().await;
    for practice in trial.log.practices {
        for position in 1..=ENTRIES {
            for (column, value) in COLUMNS {
                let sql = format!(
                    "UPDATE audit.entries SET {column} = {value} WHERE practice_id = '{practice}' AND position = {position}"
                );
                trial.spoil(&sql, (practice, position)).await;
            }
        }
    }
    let mut dice = StdRng::seed_from_u64(1);
    for _ in 0..300 {
        let (practice, position) = (trial.log.practices[dice.random_range(0..2)], dice.random_range(1..=ENTRIES));
        let column = ["body", "mac", "hash"][dice.random_range(0..3)];
        let bit = dice.random_range(0..256);
        let sql = format!(
            "UPDATE audit.entries SET {column} = set_bit({column}, {bit}, 1 - get_bit({column}, {bit})) \
             WHERE practice_id = '{practice}' AND position = {position}"
        );
        trial.spoil(&sql, (practice, position)).await;
    }
    // what the service never writes, and the form of a row allows
    for value in [
        "recorded_at = 'infinity'",
        "resource_ids = '{NULL}', resource_count = 9",
        "patient_ids = '{NULL}'",
        "resource_ids = '{{a},{b}}', resource_count = 2",
    ] {
        let practice = trial.log.practices[1];
        let sql = format!("UPDATE audit.entries SET {value} WHERE practice_id = '{practice}' AND position = 9");
        trial.spoil(&sql, (practice, 9)).await;
    }
    trial.end(1800);
}

#[tokio::test]
async fn no_entry_can_be_removed_added_or_moved_unnoticed() {
    let mut trial = Trial::new().await;
    let [practice, other] = trial.log.practices;
    let here = format!("practice_id = '{practice}'");
    for position in 1..=ENTRIES {
        trial
            .spoil(&format!("DELETE FROM audit.entries WHERE {here} AND position = {position}"), (practice, position))
            .await;
        // once more, as PostgreSQL lets the same position be in two months
        let again = format!(
            "CREATE TEMP TABLE again AS SELECT * FROM audit.entries WHERE {here} AND position = {position};
             UPDATE again SET recorded_at = recorded_at + interval '1 second'; INSERT INTO audit.entries SELECT * FROM again;
             DROP TABLE again"
        );
        trial.spoil(&again, (practice, position)).await;
        let moved = format!(
            "UPDATE audit.entries SET practice_id = '{other}', position = position + 100 WHERE {here} AND position = {position}"
        );
        trial.spoil(&moved, (practice, position)).await;
        // the tail, with the head as it was, and with a head that fits
        let tail = format!("DELETE FROM audit.entries WHERE {here} AND position >= {position}");
        trial.spoil(&tail, (practice, position)).await;
        let back = format!(
            "{tail}; UPDATE audit.heads SET last_position = {position} - 1, last_hash = coalesce(
               (SELECT hash FROM audit.entries WHERE {here} AND position = {position} - 1), sha256('')) WHERE {here}"
        );
        trial.spoil(&back, (practice, position)).await;
        for other in position + 1..=ENTRIES {
            let swap = format!(
                "UPDATE audit.entries SET position = CASE position WHEN {position} THEN {other} ELSE {position} END
                 WHERE {here} AND position IN ({position}, {other})"
            );
            trial.spoil(&swap, (practice, position)).await;
        }
    }
    trial
        .spoil(&format!("DELETE FROM audit.entries WHERE {here}; DELETE FROM audit.heads WHERE {here}"), (practice, 1))
        .await;
    trial.spoil(&format!("DELETE FROM audit.heads WHERE {here}"), (practice, 1)).await;
    trial.end(580);
}

/// Changes an entry as the service would have written it, and all hashes after it.
async fn rewrite(log: &Log, practice: PracticeId, position: i64, keys: &MacKeys) {
    let (_, body, ..) = log.entries(practice).await.into_iter().find(|entry| entry.0 == position).unwrap();
    let mut body = EntryBody::decode(body.as_slice()).unwrap();
    body.actor_role = "nobody".to_owned();
    let bytes = body.encode_to_vec();
    let mac = keys.mac(&body.mac_key_id, &bytes).unwrap();
    let (bytes, mac) = (hex::encode(bytes), hex::encode(mac));
    log.run(&format!(
        "UPDATE audit.entries SET actor_role = 'nobody', body = '\\x{bytes}', mac = '\\x{mac}'
         WHERE practice_id = '{practice}' AND position = {position}"
    ))
    .await;
    log.relink(practice, position).await;
}

#[tokio::test]
async fn a_rewritten_tail_is_told_by_its_macs_and_without_keys_by_the_checkpoints() {
    let mut trial = Trial::new().await;
    let practice = trial.log.practices[1];
    let forged: MacKeys = format!("known {}", "ab".repeat(32)).parse().unwrap();
    for position in 1..=ENTRIES {
        rewrite(&trial.log, practice, position, &forged).await;
        let report = trial.log.verify(&trial.log.evidence).await;
        trial.judge("a forged MAC", &report, (1, Some((practice, position))));
        trial.log.restore().await;

        // whoever stole the key is told by the checkpoint after it: something since the one before is wrong
        rewrite(&trial.log, practice, position, &MacKeys::known()).await;
        let since = SIGNED.into_iter().rfind(|size| *size < position.unsigned_abs()).unwrap_or_default();
        let expected = (1, Some((practice, i64::try_from(since).unwrap() + 1)));
        let report = trial.log.verify(&trial.log.evidence).await;
        trial.judge("a stolen key", &report, expected);
        let evidence = Evidence { mac_keys: None, ..trial.log.evidence.clone() };
        let report = trial.log.verify(&evidence).await;
        trial.judge("no keys", &report, expected);
        trial.log.restore().await;
    }
    let other_key: MacKeys = format!("other {}", "ab".repeat(32)).parse().unwrap();
    let evidence = Evidence { mac_keys: Some(other_key), ..trial.log.evidence.clone() };
    let report = trial.log.verify(&evidence).await;
    trial.judge("keys of before", &report, (2, None));
    trial.end(91);
}

#[tokio::test]
async fn no_checkpoint_can_be_changed_exchanged_forged_or_left_out_unnoticed() {
    let mut trial = Trial::new().await;
    let [practice, other] = trial.log.practices;
    let mut before = 0;
    for (size, root) in trial.log.roots(practice).await {
        let at = (1, Some((practice, before + 1)));
        let note = trial.log.sign(practice, size, root);
        for at_byte in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at_byte] ^= 1;
            let store = trial.log.copied().await;
            store.put(&place(practice, size), bytes.into()).await.unwrap();
            trial.with(&format!("byte {at_byte} of checkpoint {size}"), store, at).await;
        }
        let elsewhere = trial.log.roots(other).await.into_iter().find(|(of, _)| *of == size).unwrap().1;
        let wrong = audit::note::Signer::new("test", &[4; 32]).unwrap();
        let checkpoint = |origin: String| audit::note::Checkpoint { origin, size, root };
        let forged = [
            ("a fork", trial.log.sign(practice, size, elsewhere)),
            ("the other practice's", trial.log.sign(other, size, elsewhere)),
            ("of another size", trial.log.sign(practice, size + 1, root)),
            ("another key", wrong.sign(&checkpoint(format!("test/{practice}")))),
            ("another log", trial.log.signer.sign(&checkpoint("test/elsewhere".to_owned()))),
            ("nothing", String::new()),
        ];
        for (what, note) in forged {
            let store = trial.log.copied().await;
            trial.log.put(&*store, practice, size, &note).await;
            trial.with(what, store, at).await;
        }
        for (swapped, _root) in trial.log.roots(practice).await.into_iter().filter(|(swapped, _)| *swapped > size) {
            let store = trial.log.copied().await;
            store.rename(&place(practice, size), &place(practice, 99)).await.unwrap();
            store.rename(&place(practice, swapped), &place(practice, size)).await.unwrap();
            store.rename(&place(practice, 99), &place(practice, swapped)).await.unwrap();
            trial.with("two in each other's places", store, at).await;
        }
        before = i64::try_from(size).unwrap();
    }
    let store = trial.log.copied().await;
    store.delete(&place(practice, 30)).await.unwrap();
    trial.with("the last one is gone", store, (2, None)).await;
    trial.with("all are gone", Arc::new(object_store::memory::InMemory::new()), (2, None)).await;
    let store = trial.log.copied().await;
    trial.log.put(&*store, practice, 31, &trial.log.sign(practice, 31, [1; 32])).await;
    trial.with("the database is an older one", store, (1, Some((practice, ENTRIES + 1)))).await;
    trial.end(400);
}

#[tokio::test]
async fn what_the_service_writes_is_read_off_its_bytes_and_says_what_it_says_decoded() {
    let log = Log::new().await;
    for practice in log.practices {
        let mut rows = Rows::of(&log.client, practice, 1, i64::MAX).await.unwrap();
        let mut read = 0;
        while let Sent::Row(row) = rows.next().await.unwrap() {
            let body = EntryBody::decode(row.body).unwrap();
            assert_eq!(body::same(&row, practice.uuid()), Some(body.mac_key_id.as_str()));
            assert_eq!(row.differing(practice.uuid(), &body), None);
            for n in 0..row.body.len() {
                for flipped in [1, 0x80] {
                    let mut bytes = row.body.to_vec();
                    bytes[n] ^= flipped;
                    let row = Row { body: &bytes, ..(*row).clone() };
                    let decoded =
                        EntryBody::decode(&*bytes).ok().filter(|body| row.differing(practice.uuid(), body).is_none());
                    // it may know less than who decodes it, and never more
                    if let Some(key) = body::same(&row, practice.uuid()) {
                        assert_eq!(Some(key), decoded.as_ref().map(|body| body.mac_key_id.as_str()), "byte {n}");
                    }
                }
            }
            read += 1;
        }
        assert_eq!(read, ENTRIES);
    }
}
