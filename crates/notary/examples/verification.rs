//! How fast an archive is verified: makes one, and verifies it some times over.
//!
//! `cargo run --release -p notary --example verification -- 1000000`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a command for developers")]
#![expect(clippy::disallowed_methods, reason = "figures are of the real clock")]
#![expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "figures")]

use std::sync::Arc;
use std::time::Instant;

use audit::MacKeys;
use audit::chain::link;
use audit::merkle::leaf;
use audit::note::{Checkpoint, Signer};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::PracticeId;
use notary::archive::{Archive, Contents, Month, Place, Writer};
use notary::store::{Address, Store};
use notary::verify::{Evidence, Row, Sources, sources};
use object_store::memory::InMemory;
use prost::Message;
use therapy_claims::audit::v1::EntryBody;
use uuid::Uuid;

/// Entries between two checkpoints.
const CHECKPOINT: u64 = 4096;
const ROUNDS: u32 = 3;

fn main() {
    let entries: u64 = std::env::args().nth(1).map_or(1_000_000, |n| n.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(entries));
}

async fn measure(entries: u64) {
    let home = tempfile::tempdir().unwrap();
    let archive = Archive::open(home.path()).unwrap();
    let signer = Signer::new("bench", &[1; 32]).unwrap();
    let store = Store::new(Arc::new(InMemory::new()));
    let month: Month = "2026-09".parse().unwrap();
    let practice = PracticeId::from_uuid(Uuid::from_u128(7));
    make(&archive, &store, &signer, practice, month, entries).await;
    let bytes = std::fs::metadata(archive.path(practice, month)).unwrap().len();
    println!("{entries} entries, {} bytes each in the file", bytes / entries);
    let signers = Arc::new([signer.verifier().clone()]);
    let with_keys = Evidence { checkpoints: store, signers, mac_keys: Some(MacKeys::known()), now: Utc::now() };
    let without = Evidence { mac_keys: None, ..with_keys.clone() };
    for (what, evidence) in [("with MACs", with_keys), ("without MACs", without)] {
        for _ in 0..ROUNDS {
            let (start, cpu) = (Instant::now(), cpu());
            let report =
                sources(Sources { archive: Some(&archive), client: None }, &evidence, |_, _| {}).await.unwrap();
            let (took, cpu) = (start.elapsed().as_secs_f64(), self::cpu() - cpu);
            assert_eq!((report.exit_code(), report.entries), (0, entries), "{report:?}");
            println!(
                "{what}: {:.0} entries a second, {:.0} a second of one core, {} MiB at most",
                entries as f64 / took,
                entries as f64 / cpu,
                peak() / 1024
            );
        }
    }
}

async fn make(archive: &Archive, store: &Store, signer: &Signer, practice: PracticeId, month: Month, entries: u64) {
    let keys = MacKeys::known();
    let before = Place::default();
    let mut place = before.clone();
    let mut writer = Writer::new(archive.draft(practice, month).unwrap(), practice).unwrap();
    for n in 1..=entries {
        let [user, patient, request] = [n % 50, n % 3000, n].map(|n| Uuid::from_u128(u128::from(n) << 64 | 9));
        let at: DateTime<Utc> = month.start() + TimeDelta::milliseconds(n.cast_signed());
        let request_id = request.to_string();
        let body = EntryBody {
            practice_id: practice.uuid().as_bytes().to_vec(),
            recorded_at: at.timestamp_micros(),
            mac_key_id: "known".to_owned(),
            actor_kind: "user".to_owned(),
            actor_id: user.as_bytes().to_vec(),
            actor_role: "therapist".to_owned(),
            token_key_id: format!("key-{}", n % 50),
            action: "view".to_owned(),
            outcome: "allowed".to_owned(),
            method: "/therapy.clinical.v1.PatientService/GetPatient".to_owned(),
            resource_type: "patient".to_owned(),
            resource_ids: patient.as_bytes().to_vec(),
            resource_count: 1,
            patient_ids: patient.as_bytes().to_vec(),
            accessed_phi: true,
            field_classes: vec!["demographic".to_owned()],
            purpose: "treatment".to_owned(),
            request_id,
            ip_address: "192.0.2.7".to_owned(),
            attempts: 1,
            ..EntryBody::default()
        };
        let bytes = body.encode_to_vec();
        let mac = keys.mac("known", &bytes).unwrap();
        place.hash = link(practice, n.cast_signed(), &place.hash, &bytes, &mac);
        place.tree.push(leaf(&place.hash));
        let id = patient.to_string();
        let row = Row {
            position: n.cast_signed(),
            recorded_at: body.recorded_at,
            actor_kind: &body.actor_kind,
            user_id: Some(user),
            actor_role: &body.actor_role,
            token_key_id: &body.token_key_id,
            action: &body.action,
            outcome: &body.outcome,
            method: &body.method,
            resource_type: &body.resource_type,
            resource_ids: vec![&id],
            resource_count: 1,
            patient_ids: vec![patient],
            accessed_phi: true,
            field_classes: vec!["demographic"],
            purpose: &body.purpose,
            request_id: &body.request_id,
            ip_address: Some(&body.ip_address),
            attempts: 1,
            body: &bytes,
            mac: &mac,
            hash: &place.hash,
            ..Row::default()
        };
        writer.push(&row).unwrap();
        if n % CHECKPOINT == 0 || n == entries {
            let checkpoint = Checkpoint { origin: format!("bench/{practice}"), size: n, root: place.tree.root() };
            let address = Address { practice, day: month.first_day(), size: n };
            store.add(&address, &signer.sign(&checkpoint)).await.unwrap();
        }
    }
    let contents = Contents { practice, month, before, after: place, cover: Vec::new() };
    archive.publish(writer.finish(&contents).unwrap()).unwrap();
}

/// Seconds of processor time of this process.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // after the name, which may hold anything: user and system time in hundredths
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields.get(11..13).unwrap().iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

/// The most memory that this process had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
