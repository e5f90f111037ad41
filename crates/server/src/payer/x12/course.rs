//! What becomes of a claim: steered by the beginning of the subscriber's member id, drawn otherwise.

use x12::claim::{Claim, Frequency, Sequence};

use crate::payer::decide::terms::{Sharing, Terms};
use crate::payer::decide::{self, LATE, REJECTIONS};
use crate::workload::draw::Draw;

/// What a member id asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    Deny,
    Reject,
    Pend,
    Deductible,
    Partial,
    Reverse,
    Double,
    Late,
    Unbalance,
    Unknown,
    Forward,
    Zero,
}

/// The beginnings of member ids that steer, and what they lead to.
pub const CASES: [(&str, Case, &str); 12] = [
    ("DENY", Case::Deny, "taken, and denied by the 835"),
    ("REJ", Case::Reject, "rejected by the 277CA"),
    ("PEND", Case::Pend, "taken, and never decided"),
    ("DED", Case::Deductible, "nothing paid: all that is allowed goes to the deductible"),
    ("PART", Case::Partial, "half of what is allowed is paid, the rest is the patient's"),
    ("REV", Case::Reverse, "paid, and with the answers to the next file reversed and corrected"),
    ("DUP", Case::Double, "paid by an 835 that is delivered twice"),
    ("LATE", Case::Late, "paid before the 277CA that takes the claim arrives"),
    ("UNB", Case::Unbalance, "in an 835 that doesn't add up"),
    ("UNK", Case::Unknown, "taken; the 835 has a claim number that nobody sent instead"),
    ("FWD", Case::Forward, "paid, and forwarded to the next payer"),
    ("ZERO", Case::Zero, "nothing paid: all is written off by contract"),
];

/// The case that a member id asks for.
pub(super) fn case(member_id: &str) -> Option<Case> {
    CASES.iter().find(|(prefix, ..)| member_id.starts_with(prefix)).map(|(_, case, _)| *case)
}

/// What becomes of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    pub course: Course,
    pub twist: Twist,
    /// The 277CA comes after the 835.
    pub is_late: bool,
    pub is_forwarded: bool,
}

/// Where a claim ends up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    Rejected(Rejection),
    Pended,
    /// The reasons: adjustment, remark.
    Denied(&'static str, &'static str),
    Shared(Terms),
    /// What a payer before this one left to the patient is paid.
    Coordinated,
    /// What was paid is taken back, as asked.
    Voided,
}

/// Category, status and whom it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rejection(pub &'static str, pub &'static str, pub &'static str);

/// The payer has no claim of the number that is to be replaced or voided.
pub(super) const UNKNOWN_NUMBER: Rejection = Rejection("A7", "464", "PR");

/// What is odd about the 835 of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twist {
    None,
    Reversed,
    Doubled,
    Unbalanced,
    UnknownNumber,
}

/// Of a thousand paid claims, those that are reversed and corrected.
const REVERSED: u64 = 10;

impl Fate {
    pub(super) const fn of(course: Course) -> Self {
        Self { course, twist: Twist::None, is_late: false, is_forwarded: false }
    }

    pub(super) const fn rejected(rejection: Rejection) -> Self {
        Self::of(Course::Rejected(rejection))
    }
}

/// What becomes of a claim of the file with this number.
pub(super) fn fate(seed: u64, claim: &Claim, control: u32) -> Fate {
    let case = case(&claim.subscriber.member_id);
    if claim.frequency == Frequency::Void && case != Some(Case::Reject) {
        return Fate::of(Course::Voided);
    }
    // a claim that is sent again is in another file
    let mut draw = Draw::new(seed, &["payer", "x12", &claim.number, &control.to_string()]);
    let shared = |sharing| Fate::of(Course::Shared(Terms::of(&claim.payer.id, sharing)));
    let usual = if is_coordinated(claim) { Fate::of(Course::Coordinated) } else { shared(Sharing::Coinsurance) };
    match case {
        None => drawn(&mut draw, claim),
        Some(Case::Deny) => Fate::of(denied(&mut draw)),
        Some(Case::Reject) => Fate::rejected(Rejection("A7", "164", "IL")),
        Some(Case::Pend) => Fate::of(Course::Pended),
        Some(Case::Deductible) => shared(Sharing::Deductible),
        Some(Case::Partial) => shared(Sharing::BeyondBenefit),
        Some(Case::Zero) => shared(Sharing::Capitation),
        Some(Case::Forward) => Fate { is_forwarded: true, ..usual },
        Some(Case::Late) => Fate { is_late: true, ..usual },
        Some(Case::Reverse) => Fate { twist: Twist::Reversed, ..usual },
        Some(Case::Double) => Fate { twist: Twist::Doubled, ..usual },
        Some(Case::Unbalance) => Fate { twist: Twist::Unbalanced, ..usual },
        Some(Case::Unknown) => Fate { twist: Twist::UnknownNumber, ..usual },
    }
}

fn drawn(draw: &mut Draw, claim: &Claim) -> Fate {
    let course = match decide::claim_course(draw) {
        decide::Course::Rejected => {
            let (code, field) = draw.pick(&REJECTIONS);
            let (category, status) = code.split_once(':').unwrap_or(("A3", "21"));
            let entity = match field.split_once('.') {
                Some(("billing_provider", _)) => "85",
                Some(("rendering_provider", _)) => "82",
                _ => "IL",
            };
            return Fate::rejected(Rejection(category, status, entity));
        }
        decide::Course::Pended => Course::Pended,
        decide::Course::Denied => denied(draw),
        decide::Course::Paid if is_coordinated(claim) => Course::Coordinated,
        decide::Course::Paid => Course::Shared(Terms::draw(draw, &claim.payer.id)),
    };
    let is_paid = matches!(course, Course::Shared(_));
    let twist = if is_paid && draw.chance(REVERSED) { Twist::Reversed } else { Twist::None };
    Fate { course, twist, is_late: draw.chance(LATE), is_forwarded: false }
}

/// Whether a payer before this one has decided.
fn is_coordinated(claim: &Claim) -> bool {
    claim.subscriber.sequence != Sequence::Primary && claim.other_payers.iter().any(|payer| payer.paid.is_some())
}

fn denied(draw: &mut Draw) -> Course {
    let (code, remark) = draw.weighted(&decide::DENIALS);
    Course::Denied(code, remark)
}

/// The payer's number of a claim: the same in all that it says of it.
pub(super) fn own_number(seed: u64, claim: &Claim) -> String {
    if claim.frequency == Frequency::Void {
        return claim.payer_claim_number.clone();
    }
    format!("ICN{}", Draw::new(seed, &["payer", "number", &claim.payer.id, &claim.number]).digits(11))
}
