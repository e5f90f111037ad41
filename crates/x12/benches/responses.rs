//! How fast the answers are read, all of it: tokens, envelopes, amounts, dates and the typed parts. MB in a second of
//! CPU time: `cargo bench -p x12 --bench responses`.
#![expect(clippy::expect_used, reason = "a benchmark stops at the first surprise")]

use std::hint::black_box;

use chrono::NaiveDate;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use x12::interchange::{GroupKind, Interchange, InterchangeWriter, Usage};
use x12::sets::{Event, ReadSet, Sets};

#[path = "support/cpu.rs"]
mod cpu;
#[path = "../examples/answers/made_up.rs"]
mod made_up;

// the server's
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Claims in each file: some 4 MB of 835.
const CLAIMS: u32 = 10_000;

fn outgoing(kind: GroupKind) -> InterchangeWriter {
    let created_at = NaiveDate::from_ymd_opt(2026, 11, 23).and_then(|day| day.and_hms_opt(3, 30, 0));
    let mut file = InterchangeWriter::begin(Interchange {
        sender_qualifier: "ZZ".into(),
        sender: "TCH99".into(),
        receiver_qualifier: "ZZ".into(),
        receiver: "EST0001".into(),
        control_number: 1,
        created_at: created_at.expect("a time"),
        usage: Usage::Test,
        requests_acknowledgment: false,
    })
    .expect("an envelope that can be written");
    file.begin_group(kind, 1);
    file
}

fn remittance() -> Vec<u8> {
    let mut file = outgoing(GroupKind::Payment);
    let mut writer = x12::remittance::Writer::begin(&mut file, &made_up::payment(CLAIMS)).expect("a payment");
    for n in 0..CLAIMS {
        writer.claim(&made_up::paid(n)).expect("a claim");
    }
    writer.end();
    file.finish()
}

fn status() -> Vec<u8> {
    let mut file = outgoing(GroupKind::ClaimAcknowledgment);
    let mut writer = x12::status::Writer::begin(&mut file, &made_up::batch(CLAIMS)).expect("a batch");
    writer.provider(&made_up::provider(CLAIMS)).expect("a provider");
    for n in 0..CLAIMS {
        writer.claim(&made_up::taken(n)).expect("a claim");
    }
    writer.end();
    file.finish()
}

fn acknowledgment() -> Vec<u8> {
    let mut file = outgoing(GroupKind::Acknowledgment);
    let sets: Vec<_> = (0..CLAIMS).map(made_up::rejected).collect();
    x12::acknowledgment::write(&mut file, &made_up::group(), &sets, &made_up::totals(CLAIMS)).expect("a 999");
    file.finish()
}

/// Reads to the end; answers how many parts there were.
fn drain<S: ReadSet>(sets: Sets<&[u8], S>) -> usize {
    sets.filter(|event| matches!(event, Ok(Event::Part(part)) if { black_box(part); true })).count()
}

fn read(criterion: &mut Criterion<cpu::CpuTime>) {
    let mut group = criterion.benchmark_group("read");
    let (paid, taken, understood) = (remittance(), status(), acknowledgment());
    assert_eq!(drain(x12::remittance::read(&*paid)), CLAIMS as usize + 2);
    assert_eq!(drain(x12::status::read(&*taken)), CLAIMS as usize + 2);
    assert_eq!(drain(x12::acknowledgment::read(&*understood)), CLAIMS as usize + 2);
    group.throughput(Throughput::Bytes(paid.len() as u64));
    group.bench_function("835", |bencher| bencher.iter(|| drain(x12::remittance::read(&*paid))));
    group.throughput(Throughput::Bytes(taken.len() as u64));
    group.bench_function("277ca", |bencher| bencher.iter(|| drain(x12::status::read(&*taken))));
    group.throughput(Throughput::Bytes(understood.len() as u64));
    group.bench_function("999", |bencher| bencher.iter(|| drain(x12::acknowledgment::read(&*understood))));
    group.throughput(Throughput::Bytes(paid.len() as u64));
    group.bench_function("835 segments only", |bencher| {
        bencher.iter(|| {
            let mut tokens = x12::segment::Tokens::new(&*paid);
            let mut elements = 0;
            while tokens.advance().expect("a whole file") {
                elements += tokens.segment().len();
            }
            elements
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(cpu::CpuTime);
    targets = read
}
criterion_main!(benches);
