//! Claim files as a whole: what is written is what is read, and what is wrong is told by its place.

use x12::claim::read::{ClaimPart, ClaimSet, claims};
use x12::claim::{Batch, Claim, ClaimFile};
use x12::{Event, Fault, Sets};

mod content;
mod faults;
mod refusals;
mod round_trip;
#[path = "../support/sample.rs"]
mod sample;
mod strategy;

pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Batch>, Fault> {
    batches(claims(bytes))
}

pub(crate) fn batches<const CHECKED: bool>(file: Sets<&[u8], ClaimSet<CHECKED>>) -> Result<Vec<Batch>, Fault> {
    let mut batches: Vec<Batch> = Vec::new();
    for event in file {
        match event {
            Ok(Event::Part(ClaimPart::Header(header))) => batches.push(Batch { header, claims: Vec::new() }),
            Ok(Event::Part(ClaimPart::Claim { claim, .. })) => {
                if let Some(batch) = batches.last_mut() {
                    batch.claims.push(*claim);
                }
            }
            Ok(Event::Broken(fault)) | Err(x12::Error::Malformed(fault)) => return Err(fault),
            Ok(Event::Interchange(_) | Event::Acknowledged(_) | Event::Opened(_) | Event::Closed)
            | Err(x12::Error::Read(_)) => {}
        }
    }
    Ok(batches)
}

pub(crate) fn file(batches: Vec<Batch>) -> ClaimFile {
    ClaimFile { interchange: sample::interchange(101), batches }
}

pub(crate) fn every_kind() -> Vec<Claim> {
    (1..).zip(sample::KINDS).map(|(n, kind)| sample::claim_of(kind, n)).collect()
}
