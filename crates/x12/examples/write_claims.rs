//! Writes a claim file of invented claims of every kind to the standard output: `write_claims [COUNT]`.

use std::error::Error;
use std::io::{self, Write};

use x12::claim::write::ClaimWriter;

#[path = "../tests/support/sample.rs"]
mod sample;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(24), |count| count.parse::<u32>())?;
    let mut out = io::stdout().lock();
    let mut writer = ClaimWriter::begin(sample::interchange(101))?.with_claims_per_set(1000);
    writer.begin_batch(sample::header("B7K2M9Q4"))?;
    // claims of one provider stand together
    let mut claims: Vec<_> =
        (1..=count).zip(sample::KINDS.iter().cycle()).map(|(n, kind)| sample::claim_of(*kind, n)).collect();
    claims.sort_by(|a, b| a.billing_provider.npi.cmp(&b.billing_provider.npi));
    for claim in &claims {
        writer.write(claim)?;
        if writer.pending() > 64 * 1024 {
            writer.drain_to(&mut out)?;
        }
    }
    out.write_all(&writer.finish())?;
    Ok(())
}
