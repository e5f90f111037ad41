//! How many bytes of 837P one core writes and reads in a second of its time: `cargo bench -p x12 --bench claims`.

use std::error::Error;
use std::hint::black_box;
use std::io;

use criterion::{Criterion, Throughput};
use x12::claim::read::{ClaimSet, claims};
use x12::claim::write::ClaimWriter;
use x12::claim::{Claim, check};
use x12::segment::Tokens;
use x12::violation::Refused;
use x12::{Event, Sets};

#[path = "support/cpu.rs"]
mod cpu;
#[path = "../tests/support/sample.rs"]
mod sample;

// the server's
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLAIMS: u32 = 4000;

fn write(claims: &[Claim], mut taken: impl FnMut(&mut ClaimWriter)) -> Result<Vec<u8>, Refused> {
    let mut writer = ClaimWriter::begin(sample::interchange(1))?;
    writer.begin_batch(sample::header("BENCH"))?;
    for claim in claims {
        writer.write(claim)?;
        if writer.pending() > 64 * 1024 {
            taken(&mut writer);
        }
    }
    Ok(writer.finish())
}

fn count<const CHECKED: bool>(bytes: &[u8]) -> usize {
    let file: Sets<_, ClaimSet<CHECKED>> = Sets::new(bytes);
    file.filter(|event| matches!(event, Ok(Event::Part(_)))).count()
}

fn main() -> Result<(), Box<dyn Error>> {
    let batch: Vec<_> =
        (1..=CLAIMS).zip(sample::KINDS.iter().cycle()).map(|(n, kind)| sample::claim_of(*kind, n)).collect();
    let bytes = write(&batch, |_| {})?;
    assert!(claims(bytes.as_slice()).all(|event| !matches!(event, Err(_) | Ok(Event::Broken(_)))));

    let mut criterion = Criterion::default().with_measurement(cpu::CpuTime).configure_from_args();
    let mut group = criterion.benchmark_group("837p");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("write", |b| {
        b.iter(|| write(black_box(&batch), |writer| writer.drain_to(&mut io::sink()).unwrap_or_default()));
    });
    group.bench_function("check", |b| {
        b.iter(|| black_box(&batch).iter().filter(|claim| check::claim(claim).is_ok()).count());
    });
    group.bench_function("cut into segments", |b| {
        b.iter(|| {
            let mut tokens = Tokens::new(black_box(bytes.as_slice()));
            let mut elements = 0;
            while let Ok(true) = tokens.advance() {
                elements += tokens.segment().len();
            }
            elements
        });
    });
    group.bench_function("read", |b| b.iter(|| count::<true>(black_box(&bytes))));
    group.finish();
    criterion.final_summary();
    Ok(())
}
