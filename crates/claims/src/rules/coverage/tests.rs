use crate::rules::bench::{Bench, day, examples};
use crate::rules::{MemberIdPattern, OtherCoverage};

fn beside(bench: &mut Bench, sequence: &str, filing_indicator: &str) {
    let other = OtherCoverage { sequence: sequence.into(), filing_indicator: filing_indicator.into() };
    bench.other_coverages.push(other);
}

fn medicare(bench: &mut Bench, sequence: &str, filing_indicator: &str, insurance_type: &str) {
    bench.snapshot.claim.payer_sequence = sequence.into();
    let coverage = bench.coverage();
    coverage.sequence = sequence.into();
    coverage.filing_indicator = filing_indicator.into();
    coverage.insurance_type = insurance_type.into();
}

fn payer(bench: &mut Bench) -> &mut crate::snapshot::Payer {
    bench.snapshot.payer.as_mut().unwrap()
}

examples! {
    coverage_missing {
        fires { "none" at "coverage_id" => |b| b.snapshot.coverage = None; }
        spares { "an empty one" => |b| b.coverage().member_id.clear(); }
    }
    coverage_inactive_on_dos {
        fires {
            "begins the day after" at "coverage.effective_from" => |b| b.coverage().effective_from = Some(day("2026-03-17"));
            "ended the day before" at "coverage.effective_to" => |b| b.coverage().effective_to = Some(day("2026-03-15"));
        }
        spares {
            "begins that day" => |b| b.coverage().effective_from = Some(day("2026-03-16"));
            "ends that day" => |b| b.coverage().effective_to = Some(day("2026-03-16"));
            "no dates" => |b| b.coverage().effective_from = None;
            "no coverage" => |b| b.snapshot.coverage = None;
        }
    }
    member_id_missing {
        fires { "none" at "coverage.member_id" => |b| b.coverage().member_id.clear(); }
        spares { "one character" => |b| b.coverage().member_id = "1".into(); }
    }
    member_id_format {
        fires {
            "one character" at "coverage.member_id" => |b| b.coverage().member_id = "1".into();
            "81 characters" at "coverage.member_id" => |b| b.coverage().member_id = "1".repeat(81);
            "a space" at "coverage.member_id" => |b| b.coverage().member_id = "W12 345".into();
            "like a social security number" at "coverage.member_id" as Warning => |b| b.coverage().member_id = "123-45-6789".into();
            "not the payer's form" at "coverage.member_id" as Error => |b| {
                b.terms.member_id = Some(MemberIdPattern::new("W[0-9]{10}").unwrap());
            };
        }
        spares {
            "two characters" => |b| b.coverage().member_id = "W1".into();
            "nine digits, as many plans have" => |b| b.coverage().member_id = "123456789".into();
            "the payer's form" => |b| b.terms.member_id = Some(MemberIdPattern::new("W[0-9]{9}").unwrap());
            "the payer's form, odd as it is" => |b| {
                b.terms.member_id = Some(MemberIdPattern::new("[0-9 -]+").unwrap());
                b.coverage().member_id = "12 345-6".into();
            };
            "80 characters" => |b| b.coverage().member_id = "1".repeat(80);
            "missing is another rule's" => |b| b.coverage().member_id.clear();
        }
    }
    relationship_code {
        fires {
            "parent" at "coverage.relationship" => |b| b.coverage().relationship = "32".into();
            "none" at "coverage.relationship" => |b| b.coverage().relationship.clear();
        }
        spares {
            "other" => |b| b.coverage().relationship = "G8".into();
            "spouse" => |b| b.coverage().relationship = "01".into();
        }
    }
    payer_id_missing {
        fires { "none" at "coverage.payer_id" => |b| b.coverage().payer_id.clear(); }
        spares { "an unknown one" => |b| b.snapshot.payer = None; }
    }
    payer_unknown {
        fires {
            "not listed" at "coverage.payer_id" => |b| b.snapshot.payer = None;
            "listed from the day after" at "coverage.payer_id" => |b| payer(b).valid_from = Some(day("2026-03-17"));
            "listed until the day before" at "coverage.payer_id" => |b| payer(b).valid_to = Some(day("2026-03-15"));
        }
        spares {
            "listed on that day only" => |b| {
                payer(b).valid_from = Some(day("2026-03-16"));
                payer(b).valid_to = Some(day("2026-03-16"));
            };
            "missing is another rule's" => |b| { b.snapshot.payer = None; b.coverage().payer_id.clear(); };
        }
    }
    filing_indicator {
        fires {
            "no such kind" at "coverage.filing_indicator" => |b| b.coverage().filing_indicator = "XX".into();
            "none" at "coverage.filing_indicator" => |b| b.coverage().filing_indicator.clear();
        }
        spares {
            "Medicaid" => |b| b.coverage().filing_indicator = "MC".into();
            "mutually defined" => |b| b.coverage().filing_indicator = "ZZ".into();
        }
    }
    assignment_release_flags {
        fires {
            "assignment" at "coverage.assignment" => |b| b.coverage().assignment = "P".into();
            "benefits" at "coverage.benefits_assigned" => |b| b.coverage().benefits_assigned.clear();
            "no release on file" at "coverage.release" => |b| b.coverage().release.clear();
            "release" at "coverage.release" => |b| b.coverage().release = "N".into();
        }
        spares {
            "benefits go to the patient" => |b| b.coverage().benefits_assigned = "N".into();
            "informed consent" => |b| b.coverage().release = "I".into();
            "assignment for the laboratory only" => |b| b.coverage().assignment = "B".into();
        }
    }
    consent_restriction_selfpay {
        fires {
            "restricted" at "session.disclosure_restricted" => |b| b.snapshot.session.disclosure_restricted = true;
        }
        spares { "paid out of pocket without a restriction" => |b| b.snapshot.session.self_pay = true; }
    }
    part2_consent {
        fires { "no consent" at "session.part2" => |b| b.snapshot.session.part2 = true; }
        spares {
            "consent" => |b| { b.snapshot.session.part2 = true; b.has_part2_consent = true; };
            "not such a record" => |b| b.has_part2_consent = false;
        }
    }
    eligibility_stale {
        fires {
            "a day too old" at "coverage" => |b| {
                b.terms.eligibility_days = Some(30);
                b.eligibility_checked_on = Some(day("2026-02-13"));
            };
            "never" at "coverage" => |b| b.terms.eligibility_days = Some(30);
        }
        spares {
            "just young enough" => |b| {
                b.terms.eligibility_days = Some(30);
                b.eligibility_checked_on = Some(day("2026-02-14"));
            };
            "not asked for" => |b| b.eligibility_checked_on = None;
        }
    }
    cob_order {
        fires {
            "two first payers" at "coverage.sequence" => |b| beside(b, "P", "CI");
            "a second without a first" at "coverage.sequence" => |b| b.coverage().sequence = "S".into();
            "a third without a second" at "coverage.sequence" => |b| beside(b, "T", "CI");
            "an unknown place" at "coverage.sequence" => |b| b.coverage().sequence = "U".into();
            "another's unknown place" at "coverage.sequence" => |b| beside(b, "", "CI");
            "Medicare twice" at "coverage.sequence" => |b| {
                b.coverage().filing_indicator = "MB".into();
                beside(b, "S", "MB");
            };
        }
        spares {
            "first and second" => |b| beside(b, "S", "CI");
            "all three" => |b| { beside(b, "T", "CI"); beside(b, "S", "CI"); };
            "second after the first" => |b| { b.coverage().sequence = "S".into(); beside(b, "P", "MB"); };
            "no coverage" => |b| { b.snapshot.coverage = None; beside(b, "T", "CI"); };
        }
    }
    medicare_secondary_reason {
        fires {
            "part B as the second" at "coverage.medicare_secondary_reason" => |b| medicare(b, "S", "MB", "");
            "part A as the second" at "coverage.medicare_secondary_reason" => |b| medicare(b, "S", "MA", "");
            "as the third" at "coverage.medicare_secondary_reason" => |b| medicare(b, "T", "MB", "");
        }
        spares {
            "the reason is given" => |b| medicare(b, "S", "MB", "43");
            "of part A too" => |b| medicare(b, "T", "MA", "12");
            "Medicare is the first" => |b| medicare(b, "P", "MB", "");
            "another plan is the second" => |b| medicare(b, "S", "BL", "");
            "a health maintenance organization's is none of the kind" => |b| medicare(b, "S", "16", "");
            "the claim's turn counts" => |b| { medicare(b, "P", "MB", ""); b.coverage().sequence = "S".into(); };
            "no coverage" => |b| { medicare(b, "S", "MB", ""); b.snapshot.coverage = None; };
        }
    }
}
