use bigdecimal::BigDecimal;

use crate::codes::Kind;
use crate::rules::bench::{Bench, day, examples, line, money};

/// Bills a procedure that is in the fee schedule until that day.
fn scheduled(bench: &mut Bench, code: &str, last: &str) {
    bench.bill(&[code]);
    let schedule = format!("code,valid_from,valid_to,fee\n{code},2020-01-01,{last},150.00");
    bench.loaded = vec![(Kind::Procedures, schedule.leak())];
}

/// Charges one line and the claim alike.
fn charge(bench: &mut Bench, amount: &str) {
    bench.snapshot.claim.charge_amount = money(amount);
    bench.snapshot.lines[0].charge_amount = money(amount);
}

fn modifiers(bench: &mut Bench, modifiers: &[&str]) {
    bench.snapshot.lines[0].modifiers = modifiers.iter().map(|modifier| (*modifier).to_owned()).collect();
}

/// Bills so many lines.
fn many(bench: &mut Bench, count: usize) {
    bench.snapshot.lines = (0..count)
        .map(|at| crate::snapshot::Line { control_number: format!("L{at}"), ..line("90837", "1.00") })
        .collect();
    bench.snapshot.claim.charge_amount = BigDecimal::from(count as u64);
}

examples! {
    cpt_format {
        fires {
            "four digits" at "lines[0].cpt_code" => |b| b.bill(&["9083"]);
            "two letters" at "lines[0].cpt_code" => |b| b.bill(&["HH004"]);
            "lower case" at "lines[0].cpt_code" => |b| b.bill(&["h0004"]);
            "letters on both ends" at "lines[0].cpt_code" => |b| b.bill(&["H000T"]);
            "none, on the second line" at "lines[1].cpt_code" => |b| b.bill(&["90791", ""]);
            "fullwidth digits" at "lines[0].cpt_code" => |b| b.bill(&["９０８３７"]);
        }
        spares {
            "five digits" => |b| b.bill(&["99999"]);
            "HCPCS" => |b| b.bill(&["H0004"]);
            "a letter at the end" => |b| b.bill(&["0591T"]);
        }
    }
    cpt_unknown_or_inactive {
        fires {
            "not in the table" at "lines[0].cpt_code" as Error => |b| b.bill(&["99999"]);
            "unusual" at "lines[0].cpt_code" as Warning => |b| b.bill(&["90870"]);
            "in the fee schedule only, so unusual" at "lines[0].cpt_code" as Warning => |b| scheduled(b, "99999", "");
            "out of the fee schedule the day before" at "lines[0].cpt_code" as Error => |b| scheduled(b, "90837", "2026-03-15");
        }
        spares {
            "in the fee schedule to the day" => |b| scheduled(b, "90837", "2026-03-16");
            "usual, though the fee schedule lacks it" => |b| { scheduled(b, "90837", ""); b.bill(&["90834"]); };
            "usual" => |b| b.bill(&["H0004"]);
            "malformed is another rule's" => |b| b.bill(&["9083"]);
        }
    }
    eval_repeat {
        fires {
            "a day short of six months" at "lines[0].cpt_code" => |b| {
                b.bill(&["90791"]);
                b.last_evaluation_on = Some(day("2025-09-17"));
            };
            "within the payer's window" at "lines[0].cpt_code" => |b| {
                b.bill(&["90792"]);
                b.terms.evaluation_months = 12;
                b.last_evaluation_on = Some(day("2025-03-17"));
            };
        }
        spares {
            "six months" => |b| { b.bill(&["90791"]); b.last_evaluation_on = Some(day("2025-09-16")); };
            "the first" => |b| b.bill(&["90791"]);
            "no evaluation" => |b| b.last_evaluation_on = Some(day("2026-03-01"));
        }
    }
    prescriber_only {
        fires {
            "a social worker's 90792" at "rendering_provider.taxonomy" => |b| b.bill(&["90792"]);
            "a social worker's visit" at "rendering_provider.taxonomy" => |b| b.bill(&["99213", "90833"]);
        }
        spares {
            "a psychiatrist's" => |b| {
                b.bill(&["90792"]);
                b.snapshot.rendering_provider.taxonomy = "2084P0800X".into();
            };
            "a nurse practitioner's" => |b| {
                b.bill(&["99213"]);
                b.snapshot.rendering_provider.taxonomy = "363LP0808X".into();
            };
            "anybody's 90791" => |b| b.bill(&["90791"]);
            "nobody knows whose" => |b| { b.bill(&["90792"]); b.snapshot.rendering_provider.taxonomy.clear(); };
        }
    }
    units_range {
        fires {
            "none" at "lines[0].units" as Error => |b| b.snapshot.lines[0].units = 0;
            "two sessions" at "lines[0].units" as Error => |b| b.snapshot.lines[0].units = 2;
            "more than anybody takes" at "lines[0].units" as Warning => |b| {
                b.bill(&["96127"]);
                b.loaded = vec![(Kind::UnitCaps, "code,units\n96127,3")];
                b.snapshot.lines[0].units = 4;
            };
            "more than the payer takes" at "lines[0].units" as Warning => |b| {
                b.bill(&["96127"]);
                b.terms.unit_caps = vec![("96127".into(), 4)];
                b.snapshot.lines[0].units = 5;
            };
        }
        spares {
            "one" => |b| b.snapshot.lines[0].units = 1;
            "several of what may be several" => |b| { b.bill(&["H0004"]); b.snapshot.lines[0].units = 4; };
            "as many as anybody takes" => |b| {
                b.bill(&["96127"]);
                b.loaded = vec![(Kind::UnitCaps, "code,units\n96127,3")];
                b.snapshot.lines[0].units = 3;
            };
            "more, but the payer takes them" => |b| {
                b.bill(&["96127"]);
                b.loaded = vec![(Kind::UnitCaps, "code,units\n96127,3")];
                b.terms.unit_caps = vec![("96127".into(), 4)];
                b.snapshot.lines[0].units = 4;
            };
            "as many as the payer takes" => |b| {
                b.bill(&["96127"]);
                b.terms.unit_caps = vec![("96127".into(), 4)];
                b.snapshot.lines[0].units = 4;
            };
        }
    }
    charge_positive {
        fires {
            "nothing" at "lines[0].charge_amount" => |b| charge(b, "0.00");
            "nothing in all" at "charge_amount" => |b| charge(b, "0.00");
            "less than nothing" at "lines[0].charge_amount" => |b| charge(b, "-0.01");
        }
        spares { "a cent" => |b| charge(b, "0.01"); }
    }
    charge_precision {
        fires {
            "part of a cent" at "lines[0].charge_amount" => |b| charge(b, "1.005");
            "part of a cent in all" at "charge_amount" => |b| charge(b, "1.005");
            "too much" at "charge_amount" => |b| charge(b, "100000000.00");
            "less than nothing" at "charge_amount" => |b| charge(b, "-0.01");
            "a copay less than nothing" at "copay_amount" => |b| b.snapshot.claim.copay_amount = money("-1");
        }
        spares {
            "as much as fits" => |b| charge(b, "99999999.99");
            "no decimals" => |b| charge(b, "150");
            "zeros behind the cents" => |b| charge(b, "150.0000");
            "no copay" => |b| b.snapshot.claim.copay_amount = money("0");
        }
    }
    claim_total_mismatch {
        fires {
            "a cent more" at "charge_amount" => |b| b.snapshot.claim.charge_amount = money("150.01");
            "a line left out" at "charge_amount" => |b| b.snapshot.lines.push(line("90785", "10.00"));
        }
        spares {
            "two lines" => |b| {
                b.snapshot.lines.push(line("90785", "10.50"));
                b.snapshot.claim.charge_amount = money("160.5");
            };
            "parts of a cent are another rule's" => |b| b.snapshot.lines[0].charge_amount = money("150.005");
        }
    }
    copay_gt_charge {
        fires { "a cent more" at "copay_amount" => |b| b.snapshot.claim.copay_amount = money("150.01"); }
        spares { "all of it" => |b| b.snapshot.claim.copay_amount = money("150.00"); }
    }
    modifier_format {
        fires {
            "one character" at "lines[0].modifiers" => |b| modifiers(b, &["9"]);
            "three characters" at "lines[0].modifiers" => |b| modifiers(b, &["955"]);
            "lower case" at "lines[0].modifiers" => |b| modifiers(b, &["gt"]);
            "five" at "lines[0].modifiers" => |b| modifiers(b, &["95", "59", "HO", "AH", "U1"]);
            "one twice" at "lines[0].modifiers" => |b| modifiers(b, &["95", "HO", "95"]);
        }
        spares {
            "four" => |b| modifiers(b, &["95", "59", "HO", "U1"]);
            "none" => |b| modifiers(b, &[]);
        }
    }
    auth_required {
        fires {
            "none" at "prior_authorization" => |b| b.terms.authorized_codes = vec!["90791".into(), "90837".into()];
        }
        spares {
            "given" => |b| {
                b.terms.authorized_codes = vec!["90837".into()];
                b.snapshot.claim.prior_authorization = "A1".into();
            };
            "for another code" => |b| b.terms.authorized_codes = vec!["90791".into()];
        }
    }
    auth_format {
        fires {
            "51 characters" at "prior_authorization" => |b| b.snapshot.claim.prior_authorization = "1".repeat(51);
        }
        spares { "50 characters" => |b| b.snapshot.claim.prior_authorization = "1".repeat(50); }
    }
    line_count {
        fires {
            "none" at "lines" => |b| many(b, 0);
            "51" at "lines" => |b| many(b, 51);
        }
        spares {
            "one" => |b| many(b, 1);
            "50" => |b| many(b, 50);
        }
    }
    line_control_unique {
        fires {
            "the same twice" at "lines[1].control_number" => |b| {
                b.bill(&["90837", "90785"]);
                b.snapshot.lines[1].control_number = b.snapshot.lines[0].control_number.clone();
            };
            "31 characters" at "lines[0].control_number" => |b| b.snapshot.lines[0].control_number = "1".repeat(31);
        }
        spares {
            "30 characters" => |b| b.snapshot.lines[0].control_number = "1".repeat(30);
            "none" => |b| {
                b.bill(&["90837", "90785"]);
                b.snapshot.lines.iter_mut().for_each(|line| line.control_number.clear());
            };
        }
    }
    dos_span {
        fires {
            "the day after" at "lines[0].service_date" => |b| b.snapshot.lines[0].service_date = day("2026-03-17");
        }
        spares { "the same day" => |b| b.snapshot.lines[0].service_date = day("2026-03-16"); }
    }
}
