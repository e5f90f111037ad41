//! Writes claim files (837P) one claim at a time, in the order in which the claims come.
//!
//! A claim whose billing provider, subscriber or patient is that of the claim before stands under the same
//! hierarchical level; any other opens a new one. So sort claims by those three before writing. Memory doesn't depend
//! on the number of claims when the bytes are taken in between with [`ClaimWriter::drain_to`].

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;

use self::hierarchy::Hierarchy;
use super::check;
use super::{BatchHeader, Claim, ClaimFile};
use crate::interchange::{GroupKind, Interchange, InterchangeWriter};
use crate::violation::Refused;

mod body;
mod hierarchy;
mod other_payer;
mod party;

/// How many claims a transaction set holds at most: what the guide recommends and clearinghouses enforce.
pub const CLAIMS_PER_SET: u32 = 5000;

const REFERENCE_TWICE: &str = "must differ from those of the other batches";
const NONE: &str = "must be at least one";

/// BHT03 of a batch's first, second, … transaction set.
fn reference(header: &BatchHeader, set: u32) -> Cow<'_, str> {
    if set > 1 { format!("{}-{set}", header.reference).into() } else { header.reference.as_str().into() }
}

/// Where a claim was written: what the 999 says about a transaction set or a segment of it leads back here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// ST02 of the set (AK202 of the 999).
    pub set_control_number: u32,
    /// The first segment that is the claim's alone, CLM; ST is 1 (IK302 of the 999).
    pub first_segment: u32,
    /// Its last segment.
    pub last_segment: u32,
}

/// Writes one interchange with one functional group of claims.
#[derive(Debug)]
pub struct ClaimWriter {
    file: InterchangeWriter,
    claims_per_set: u32,
    header: Option<BatchHeader>,
    /// BHT03 of all sets so far: a 277CA that answers to one of two couldn't be told from that to the other.
    references: HashSet<String>,
    /// Transaction sets of the open batch.
    sets: u32,
    set_control_number: u32,
    /// Claims in the open set.
    claims: u32,
    hierarchy: Hierarchy,
}

impl ClaimWriter {
    /// Writes ISA and GS. The group's control number (GS06) is the interchange's.
    ///
    /// # Errors
    /// Names the fields of the interchange that no file can hold.
    pub fn begin(interchange: Interchange) -> Result<Self, Refused> {
        let control_number = interchange.control_number;
        let mut file = InterchangeWriter::begin(interchange)?;
        file.begin_group(GroupKind::Claims, control_number);
        Ok(Self {
            file,
            claims_per_set: CLAIMS_PER_SET,
            header: None,
            references: HashSet::new(),
            sets: 0,
            set_control_number: 0,
            claims: 0,
            hierarchy: Hierarchy::default(),
        })
    }

    /// Holds transaction sets to fewer claims than [`CLAIMS_PER_SET`]; 1 at least.
    #[must_use]
    pub fn with_claims_per_set(mut self, claims: u32) -> Self {
        self.claims_per_set = claims.clamp(1, CLAIMS_PER_SET);
        self
    }

    /// Opens a batch; its transaction set follows with its first claim, so a batch without claims leaves nothing.
    ///
    /// # Errors
    /// Names the fields of the header that no file can hold, and `reference` when another batch has it; the batch before
    /// stays open then.
    pub fn begin_batch(&mut self, header: BatchHeader) -> Result<(), Refused> {
        check::header(&header)?;
        if self.references.contains(&header.reference) {
            return Err(Refused::one("reference", REFERENCE_TWICE));
        }
        self.file.end_set();
        self.header = Some(header);
        self.sets = 0;
        self.claims = 0;
        Ok(())
    }

    /// Writes a claim; nothing of it is written when it is refused.
    ///
    /// # Errors
    /// Names the fields that no file can hold, and `batch` when none is open.
    pub fn write(&mut self, claim: &Claim) -> Result<Placement, Refused> {
        check::claim(claim)?;
        if self.claims == 0 || self.claims >= self.claims_per_set {
            self.begin_set()?;
        }
        self.hierarchy.descend(&mut self.file, claim);
        let first_segment = self.file.next_position();
        body::write(&mut self.file, claim);
        self.claims += 1;
        Ok(Placement {
            set_control_number: self.set_control_number,
            first_segment,
            last_segment: self.file.next_position() - 1,
        })
    }

    fn begin_set(&mut self) -> Result<(), Refused> {
        let Some(header) = &self.header else {
            return Err(Refused::one("batch", "must be begun before its claims"));
        };
        let reference = reference(header, self.sets + 1);
        if !self.references.insert(reference.clone().into_owned()) {
            return Err(Refused::one("reference", REFERENCE_TWICE));
        }
        self.set_control_number = self.file.begin_set();
        self.sets += 1;
        self.claims = 0;
        self.hierarchy = Hierarchy::default();
        party::header(&mut self.file, header, &reference);
        Ok(())
    }

    /// How many bytes are written and not yet taken.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.file.bytes().len()
    }

    /// Hands the bytes written so far to a writer.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn drain_to<W: io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.file.drain_to(writer)
    }

    /// Closes all that is open and answers the bytes that were not taken yet.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.file.finish()
    }
}

impl ClaimFile {
    /// The whole file at once.
    ///
    /// # Errors
    /// Names all fields that no file can hold, by their path from here: `batches[0].claims[2].lines[0].charge`.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Refused> {
        self.check()?;
        let mut writer = ClaimWriter::begin(self.interchange.clone())?;
        for batch in &self.batches {
            writer.begin_batch(batch.header.clone())?;
            for claim in &batch.claims {
                writer.write(claim)?;
            }
        }
        Ok(writer.finish())
    }

    /// All that is wrong at once: one wrong header must not hide what is wrong with its claims.
    fn check(&self) -> Result<(), Refused> {
        let mut refused = Vec::new();
        let mut add = |path: &str, checked: Result<(), Refused>| {
            refused.extend(checked.err().into_iter().flat_map(|error| error.under(path).0));
        };
        let some = |field, has_some| if has_some { Ok(()) } else { Err(Refused::one(field, NONE)) };
        add("interchange", self.interchange.check());
        add("", some("batches", !self.batches.is_empty()));
        let mut references = HashSet::new();
        for (b, batch) in self.batches.iter().enumerate() {
            let path = format!("batches[{b}]");
            add(&format!("{path}.header"), check::header(&batch.header));
            add(&path, some("claims", !batch.claims.is_empty()));
            let mut sets = 1..=u32::try_from(batch.claims.len()).unwrap_or(u32::MAX).div_ceil(CLAIMS_PER_SET);
            if !sets.all(|set| references.insert(reference(&batch.header, set))) {
                add(&format!("{path}.header"), Err(Refused::one("reference", REFERENCE_TWICE)));
            }
            for (c, claim) in batch.claims.iter().enumerate() {
                add(&format!("batches[{b}].claims[{c}]"), check::claim(claim));
            }
        }
        if refused.is_empty() { Ok(()) } else { Err(Refused(refused)) }
    }
}
