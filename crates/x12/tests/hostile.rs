//! No bytes make a reader panic, run without end, or keep more than a bounded amount of memory.

#![expect(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use x12::document;
use x12::segment::SEGMENT_BYTES_MAX;
use x12::sets::{Event, ReadSet, Sets};

/// The project's own made-up files, one of each kind.
const SEEDS: &[&[u8]] = &[
    include_bytes!("../fuzz/corpus/remittance/paid.835"),
    include_bytes!("../fuzz/corpus/status/mixed.277"),
    include_bytes!("../fuzz/corpus/acknowledgment/rejected.999"),
    include_bytes!("../fuzz/corpus/acknowledgment/accepted.ta1"),
    include_bytes!("../fuzz/corpus/claim/base.837"),
];

/// Reads to the end by one reader. An open set is always told how it ended, unless the file itself ends by an error.
fn drain<S: ReadSet>(sets: Sets<&[u8], S>, bytes: usize) {
    let (mut is_open, mut events) = (false, 0);
    for event in sets {
        events += 1;
        assert!(events <= 4 * bytes + 4, "more events than a file of {bytes} bytes can have");
        match event {
            Ok(Event::Opened(_)) => is_open = true,
            Ok(Event::Part(_)) => assert!(is_open, "a part outside of a set"),
            Ok(Event::Closed | Event::Broken(_)) => {
                assert!(is_open, "a set that ends twice");
                is_open = false;
            }
            Ok(Event::Interchange(_) | Event::Acknowledged(_)) => {}
            Err(_) => return,
        }
    }
    assert!(!is_open, "a set without an end");
}

fn every_reader(bytes: &[u8]) {
    drain(document::read(bytes), bytes.len());
    drain(x12::remittance::read(bytes), bytes.len());
    drain(x12::status::read(bytes), bytes.len());
    drain(x12::acknowledgment::read(bytes), bytes.len());
    drain(x12::claim::read::claims(bytes), bytes.len());
}

/// One way to damage a file.
#[derive(Debug, Clone)]
enum Damage {
    Flip(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Repeat(usize, usize, usize),
    Grow(usize, usize, u8),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: usize| at % bytes.len().max(1);
        // a part of whole segments, so that most of the damage gets behind the tokenizer
        let segments = |from: usize, count: usize| -> Option<std::ops::Range<usize>> {
            let ends: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b'~').map(|at| at + 1).collect();
            let first = from % ends.len().max(1);
            Some(*ends.get(first)?..*ends.get((first + count).min(ends.len() - 1))?)
        };
        match *self {
            _ if bytes.is_empty() => {}
            Self::Flip(at, to) => {
                let at = place(at);
                bytes[at] = to;
            }
            Self::Cut(at) => bytes.truncate(place(at)),
            Self::Remove(from, count) => {
                if let Some(range) = segments(from, count) {
                    bytes.drain(range);
                }
            }
            Self::Repeat(from, count, times) => {
                if let Some(range) = segments(from, count) {
                    let (part, end) = (bytes[range.clone()].repeat(times), range.end);
                    bytes.splice(end..end, part);
                }
            }
            Self::Grow(at, by, with) => {
                let at = place(at);
                bytes.splice(at..at, std::iter::repeat_n(with, by));
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let telling = prop_oneof![any::<u8>(), prop::sample::select(b"*~:^-.019AEST\r\n \xFF".to_vec())];
    let growing = prop_oneof![1_usize..40, Just(9_000), Just(SEGMENT_BYTES_MAX + 1)];
    prop_oneof![
        4 => (any::<usize>(), telling.clone()).prop_map(|(at, to)| Damage::Flip(at, to)),
        1 => any::<usize>().prop_map(Damage::Cut),
        2 => (any::<usize>(), 0_usize..4).prop_map(|(from, count)| Damage::Remove(from, count)),
        2 => (any::<usize>(), 0_usize..4, 1_usize..30).prop_map(|(from, count, times)| Damage::Repeat(from, count, times)),
        1 => (any::<usize>(), growing, telling).prop_map(|(at, by, with)| Damage::Grow(at, by, with)),
    ]
}

/// Makes the trailers' counts right again where they can be found, so that damage is met by the typed readers too.
fn recounted(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut in_set = 0;
    for segment in bytes.split_inclusive(|byte| *byte == b'~') {
        in_set = if segment.starts_with(b"ST*") { 1 } else { in_set + 1 };
        match segment
            .strip_prefix(b"SE*")
            .and_then(|rest| rest.iter().position(|byte| *byte == b'*').map(|at| &rest[at..]))
        {
            Some(rest) => {
                out.extend(format!("SE*{in_set}").bytes());
                out.extend(rest);
            }
            None => out.extend(segment),
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..2_000)) {
        every_reader(&bytes);
    }

    #[test]
    fn arbitrary_bytes_behind_a_good_envelope_are_read_or_refused(
        seed in prop::sample::select(SEEDS),
        body in "([A-Z][A-Z0-9]{1,2}(\\*[ -)+-}]{0,9}){0,9}~){0,40}",
    ) {
        let begun = seed.windows(3).position(|three| three == b"ST*").unwrap_or(seed.len() - 1);
        let body_at = begun + seed[begun..].iter().position(|byte| *byte == b'~').unwrap_or(0) + 1;
        let mut bytes = seed[..body_at.min(seed.len())].to_vec();
        bytes.extend(body.as_bytes());
        bytes.extend(b"SE*1*0001~");
        every_reader(&recounted(&bytes));
    }

    #[test]
    fn damaged_files_are_read_or_refused(seed in prop::sample::select(SEEDS), damages in vec(damage(), 1..5)) {
        let mut bytes = seed.to_vec();
        for damage in &damages {
            damage.apply(&mut bytes);
        }
        every_reader(&bytes);
        every_reader(&recounted(&bytes));
    }
}

#[test]
fn what_fuzzing_has_found_is_read_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for folder in ["acknowledgment", "claim", "remittance", "status"] {
        for entry in std::fs::read_dir(corpus.join(folder)).unwrap() {
            every_reader(&std::fs::read(entry.unwrap().path()).unwrap());
        }
    }
}

#[test]
fn damaged_files_of_others_are_read_or_refused() {
    let mut names = 0;
    for kind in ["835", "277ca", "999", "ta1", "837p"] {
        let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let Some(folder) = above.map(|one| one.join("shared/data").join(kind)).find(|one| one.is_dir()) else {
            continue;
        };
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = std::fs::read(entry.unwrap().path()).unwrap();
            names += 1;
            // every byte replaced by something that means something to a reader, and many ways to cut the file
            for at in 0..file.len() {
                if at % 7 == 0 {
                    drain(document::read(&file[..at]), at);
                }
                let mut bytes = file.clone();
                bytes[at] = b"*~:0 \xFF"[at % 6];
                drain(document::read(bytes.as_slice()), bytes.len());
            }
        }
    }
    if names == 0 {
        println!("skipped: the test data isn't there");
    }
}

#[test]
fn a_source_without_end_is_refused_once_a_segment_is_too_long() {
    let seed = SEEDS[0];
    let endless = std::io::Read::chain(&seed[..200], std::io::repeat(b'A'));
    assert!(document::read(endless).any(|event| event.is_err()));
}
