use kernel::id::{ClaimId, PatientId};

use crate::rules::bench::{Bench, day, examples};
use crate::rules::{PayerTerms, ReplacedClaim, filing_deadline};
use crate::snapshot::PriorPayer;

/// A replacement of a claim that the payer has, with nothing else changed.
fn replacing(bench: &mut Bench) -> &mut ReplacedClaim {
    bench.snapshot.claim.frequency = "7".into();
    bench.snapshot.claim.original_payer_claim_number = "ICN1".into();
    bench.replaces.insert(ReplacedClaim {
        was_accepted: true,
        payer_id: "99901".into(),
        patient_id: bench.snapshot.patient_id,
        billing_npi: "1999999992".into(),
    })
}

examples! {
    pcn_format {
        fires {
            "15 characters" at "claim_number" => |b| b.snapshot.claim.claim_number = "A".repeat(15);
            "none" at "claim_number" => |b| b.snapshot.claim.claim_number.clear();
            "lower case" at "claim_number" => |b| b.snapshot.claim.claim_number = "abc".into();
            "a hyphen" at "claim_number" => |b| b.snapshot.claim.claim_number = "A-1".into();
        }
        spares {
            "14 characters" => |b| b.snapshot.claim.claim_number = "A".repeat(14);
            "one character" => |b| b.snapshot.claim.claim_number = "1".into();
        }
    }
    duplicate_claim {
        fires { "another" at "claim" => |b| b.duplicate_of = Some(ClaimId::new()); }
        spares { "none" => |b| b.duplicate_of = None; }
    }
    session_already_billed {
        fires { "another" at "session_id" => |b| b.session_billed_by = Some(ClaimId::new()); }
        spares { "none" => |b| b.session_billed_by = None; }
    }
    timely_filing_expired {
        fires {
            "91 days" at "service_date" as Error => |b| b.today = day("2026-06-15");
            "the payer's 60 and a day" at "service_date" as Error => |b| {
                b.terms.timely_filing_days = Some(60);
                b.today = day("2026-05-16");
            };
            "Medicare's year and a day" at "service_date" as Error => |b| {
                b.coverage().filing_indicator = "MB".into();
                b.today = day("2027-03-17");
            };
            "with a reason" at "service_date" as Warning => |b| {
                b.today = day("2026-06-15");
                b.snapshot.claim.delay_reason = "11".into();
            };
            "with a reason that is none" at "service_date" as Error => |b| {
                b.today = day("2026-06-15");
                b.snapshot.claim.delay_reason = "12".into();
            };
        }
        spares {
            "90 days" => |b| b.today = day("2026-06-14");
            "the payer's 365" => |b| { b.terms.timely_filing_days = Some(365); b.today = day("2027-03-16"); };
            "Medicare's year" => |b| { b.coverage().filing_indicator = "MB".into(); b.today = day("2027-03-16"); };
        }
    }
    timely_filing_near {
        fires {
            "14 days left" at "service_date" => |b| b.today = day("2026-05-31");
            "the last day" at "service_date" => |b| b.today = day("2026-06-14");
        }
        spares {
            "15 days left" => |b| b.today = day("2026-05-30");
            "too late is another rule's" => |b| b.today = day("2026-06-15");
        }
    }
    frequency_code {
        fires {
            "6" at "frequency" => |b| b.snapshot.claim.frequency = "6".into();
            "none" at "frequency" => |b| b.snapshot.claim.frequency.clear();
        }
        spares {
            "7" => |b| b.snapshot.claim.frequency = "7".into();
            "8" => |b| b.snapshot.claim.frequency = "8".into();
        }
    }
    original_ref_required {
        fires {
            "a replacement without" at "original_payer_claim_number" => |b| b.snapshot.claim.frequency = "7".into();
            "a void without" at "original_payer_claim_number" => |b| b.snapshot.claim.frequency = "8".into();
        }
        spares {
            "a replacement with" => |b| { replacing(b); };
            "a first claim" => |b| b.snapshot.claim.frequency = "1".into();
        }
    }
    original_ref_forbidden {
        fires {
            "a first claim with" at "original_payer_claim_number" => |b| {
                b.snapshot.claim.original_payer_claim_number = "ICN1".into();
            };
        }
        spares { "a replacement with" => |b| { replacing(b); }; }
    }
    replace_target_state {
        fires { "never accepted" at "replaces_claim_id" => |b| replacing(b).was_accepted = false; }
        spares {
            "accepted" => |b| { replacing(b); };
            "a first claim" => |b| { replacing(b).was_accepted = false; b.snapshot.claim.frequency = "1".into(); };
        }
    }
    replace_same_party {
        fires {
            "another payer" at "coverage.payer_id" => |b| replacing(b).payer_id = "99902".into();
            "another patient" at "patient_id" => |b| replacing(b).patient_id = PatientId::new();
            "another practice" at "billing_provider.npi" => |b| replacing(b).billing_npi = "1558598797".into();
        }
        spares {
            "all the same" => |b| { replacing(b); };
            "another member id" => |b| { replacing(b); b.coverage().member_id = "W2".into(); };
        }
    }
    payer_no_replacement {
        fires {
            "not taken" at "frequency" => |b| { replacing(b); b.terms.takes_replacements = false; };
        }
        spares {
            "taken" => |b| { replacing(b); };
            "a first claim" => |b| b.terms.takes_replacements = false;
        }
    }
    note_phi_minimum {
        fires {
            "81 characters" at "note" => |b| b.snapshot.claim.note = "a".repeat(81);
            "clinical" at "note" => |b| b.snapshot.claim.note = "Discussed SUICIDAL thoughts".into();
        }
        spares {
            "80 characters" => |b| b.snapshot.claim.note = "a".repeat(80);
            "administrative" => |b| b.snapshot.claim.note = "Corrected member id".into();
        }
    }
    field_too_long {
        fires {
            "practice name" at "billing_provider.name" => |b| b.snapshot.billing_provider.name = "a".repeat(61);
            "contact" at "billing_provider.contact_name" => |b| b.snapshot.billing_provider.contact_name = "a".repeat(61);
            "therapist's first name" at "rendering_provider.first_name" => |b| {
                b.snapshot.rendering_provider.first_name = "a".repeat(36);
            };
            "therapist's last name" at "rendering_provider.last_name" => |b| {
                b.snapshot.rendering_provider.last_name = "a".repeat(61);
            };
            "payer's claim number" at "original_payer_claim_number" => |b| {
                b.snapshot.claim.original_payer_claim_number = "1".repeat(51);
            };
            "member id" at "coverage.member_id" => |b| b.coverage().member_id = "1".repeat(81);
            "group number" at "coverage.group_number" => |b| b.coverage().group_number = "1".repeat(51);
            "payer's name" at "payer.name" => |b| b.snapshot.payer.as_mut().unwrap().name = "a".repeat(61);
            "street" at "billing_provider.address.line1" => |b| b.snapshot.billing_provider.address.line1 = "a".repeat(56);
            "suite" at "patient.address.line2" => |b| b.snapshot.patient.address.line2 = "a".repeat(56);
            "city" at "patient.address.city" => |b| b.snapshot.patient.address.city = "a".repeat(31);
        }
        spares {
            "practice name" => |b| b.snapshot.billing_provider.name = "ä".repeat(60);
            "street" => |b| b.snapshot.patient.address.line1 = "a".repeat(55);
            "city" => |b| b.snapshot.patient.address.city = "a".repeat(30);
            "member id" => |b| b.coverage().member_id = "1".repeat(80);
            "group number" => |b| b.coverage().group_number = "1".repeat(50);
        }
    }
    snapshot_stale {
        fires { "changed" at "claim" => |b| b.is_stale = true; }
        spares { "unchanged" => |b| b.is_stale = false; }
    }
}

#[test]
fn a_later_payers_time_runs_from_the_earlier_ones_decision() {
    let mut bench = Bench::clean();
    bench.snapshot.claim.payer_sequence = "S".into();
    let mut prior = PriorPayer {
        payer_id: "99901".into(),
        payer_name: String::new(),
        payer_claim_number: String::new(),
        coverage: None,
        subscriber: None,
        payer_sequence: "P".into(),
        adjudicated_on: Some(day("2026-05-01")),
        paid: 0.into(),
        adjustments: Vec::new(),
        lines: Vec::new(),
        forwarded: false,
    };
    bench.snapshot.prior_payers = vec![prior.clone()];
    let deadline = |bench: &Bench| filing_deadline(&bench.snapshot, &PayerTerms::UNKNOWN);
    assert_eq!(deadline(&bench), day("2026-07-30"));
    prior.adjudicated_on = None;
    bench.snapshot.prior_payers = vec![prior];
    assert_eq!(deadline(&bench), day("2026-06-14"));
}
