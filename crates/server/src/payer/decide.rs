//! What the simulated payers make of claims: the shares in which they take, refuse, deny and pay.

pub(super) mod terms;

use crate::workload::draw::Draw;

/// Where a claim ends up whose file could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It is sent back undecided.
    Rejected,
    /// The payer takes its time; within a run it doesn't decide.
    Pended,
    Denied,
    Paid,
}

/// Of a thousand: files sent back unread, claims sent back one by one, and claims left pending.
const REJECTED_FILES: u64 = 2;
const REJECTED_CLAIMS: u64 = 30;
const PENDED: u64 = 20;
/// Of a thousand decisions, the denials.
const DENIED: u64 = 150;
/// Of a thousand payments, those delivered twice, and of acknowledgments, those that come after the decision.
pub(super) const DOUBLED: u64 = 10;
pub(super) const LATE: u64 = 20;

/// Why claims are denied, in the shares of the published denials: adjustment reason, remark.
pub(super) const DENIALS: [(u64, (&str, &str)); 8] = [
    (20, ("167", "N115")),
    (14, ("151", "N362")),
    (18, ("16", "M51")),
    (16, ("96", "N130")),
    (12, ("119", "N640")),
    (9, ("197", "M62")),
    (6, ("50", "N115")),
    (5, ("27", "N30")),
];

/// Why claims are sent back: claim status code, field.
pub(super) const REJECTIONS: [(&str, &str); 4] = [
    ("A7:562", "billing_provider.npi"),
    ("A3:33", "coverage.member_id"),
    ("A7:164", "coverage.member_id"),
    ("A6:145", "rendering_provider.taxonomy"),
];

/// Whether the file that a claim came in is sent back unread.
pub(super) fn is_file_rejected(draw: &mut Draw) -> bool {
    draw.chance(REJECTED_FILES)
}

/// Where a claim ends up whose file could be read.
pub(super) fn claim_course(draw: &mut Draw) -> Course {
    if draw.chance(REJECTED_CLAIMS) {
        Course::Rejected
    } else if draw.chance(PENDED) {
        Course::Pended
    } else if draw.chance(DENIED) {
        Course::Denied
    } else {
        Course::Paid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_those_of_the_workload() {
        let mut draw = Draw::new(9, &["shares"]);
        let courses: Vec<_> = (0..20_000).map(|_| claim_course(&mut draw)).collect();
        let of = |wanted| courses.iter().filter(|course| **course == wanted).count() * 1000 / courses.len();
        assert!((27..=34).contains(&of(Course::Rejected)));
        assert!((15..=25).contains(&of(Course::Pended)));
        assert!((130..=155).contains(&of(Course::Denied)));
    }
}
