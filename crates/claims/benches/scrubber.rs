//! How many claims a second one core judges: `cargo bench -p claims --bench scrubber`.

use std::hint::black_box;

use chrono::NaiveDate;
use claims::codes::Reference;
use claims::rules::{Facts, run};
use claims::snapshot::{ClaimSnapshot, Person};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// One session by video, without a finding; a unit test holds it to that.
const CLEAN: &str = include_str!("clean_claim.json");

/// As they come: most are clean, some have more lines and people, a few are wrong.
fn claims() -> Vec<ClaimSnapshot> {
    let Ok(clean) = serde_json::from_str::<ClaimSnapshot>(CLEAN) else { return Vec::new() };
    let mut dependent = clean.clone();
    if let Some(coverage) = &mut dependent.coverage {
        "19".clone_into(&mut coverage.relationship);
    }
    dependent.subscriber = Some(Person { first_name: "Robin".to_owned(), ..clean.patient.clone() });
    let mut four_lines = clean.clone();
    for (number, cpt) in [(2, "90785"), (3, "96127"), (4, "90863")] {
        if let Some(mut line) = clean.lines.first().cloned() {
            line.line_number = number;
            line.control_number.push_str(cpt);
            cpt.clone_into(&mut line.cpt_code);
            four_lines.claim.charge_amount += &line.charge_amount;
            four_lines.lines.push(line);
        }
    }
    four_lines.claim.diagnosis_codes = ["F41.1", "F33.1", "F43.10", "Z63.0"].map(str::to_owned).to_vec();
    let mut wrong = clean.clone();
    "1234567890".clone_into(&mut wrong.rendering_provider.npi);
    wrong.claim.diagnosis_codes.insert(0, "F33".to_owned());
    "PO Box 7".clone_into(&mut wrong.billing_provider.address.line1);
    let mut all = vec![clean; 7];
    all.extend([dependent, four_lines, wrong]);
    all
}

fn scrubber(criterion: &mut Criterion) {
    let claims = claims();
    let codes = Reference::shipped();
    let facts = Facts::default();
    let today = NaiveDate::from_ymd_opt(2026, 3, 23).unwrap_or_default();
    let mut group = criterion.benchmark_group("scrubber");
    group.throughput(Throughput::Elements(claims.len() as u64));
    group.bench_function("mixed claims", |bencher| {
        bencher.iter(|| {
            for claim in &claims {
                black_box(run(black_box(claim), codes, today, &facts));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, scrubber);
criterion_main!(benches);
