use crate::codes::Kind;
use crate::rules::bench::{Bench, day, examples};

fn diagnosed(bench: &mut Bench, codes: &[&str]) {
    bench.snapshot.claim.diagnosis_codes = codes.iter().map(|code| (*code).to_owned()).collect();
}

fn excluded(bench: &mut Bench, pair: &str) {
    bench.loaded = vec![(Kind::Excludes1, format!("code,excluded\n{pair}").leak())];
}

fn points(bench: &mut Bench, pointers: &[i32]) {
    bench.snapshot.lines[0].diagnosis_pointers = pointers.to_vec();
}

/// The code on a day of service.
fn on(bench: &mut Bench, code: &str, date: &str) {
    diagnosed(bench, &[code]);
    bench.snapshot.claim.service_date = day(date);
}

const TWELVE: &[&str] =
    &["F41.1", "F33.1", "F43.10", "F90.0", "F31.9", "F10.20", "F32.0", "F42.2", "F40.10", "F51.01", "F60.3", "Z63.0"];

examples! {
    dx_required {
        fires { "none" at "diagnosis_codes" => |b| diagnosed(b, &[]); }
        spares { "one" => |b| diagnosed(b, &["F41.1"]); }
    }
    dx_count {
        fires { "13" at "diagnosis_codes" => |b| diagnosed(b, &[TWELVE, &["F33.0"]].concat()); }
        spares { "12" => |b| diagnosed(b, TWELVE); }
    }
    dx_format {
        fires {
            "two characters" at "diagnosis_codes[0]" => |b| diagnosed(b, &["F4"]);
            "a point too early" at "diagnosis_codes[0]" => |b| diagnosed(b, &["F4.11"]);
            "nothing behind the point" at "diagnosis_codes[0]" => |b| diagnosed(b, &["F41."]);
            "five behind the point" at "diagnosis_codes[0]" => |b| diagnosed(b, &["F41.12345"]);
            "lower case" at "diagnosis_codes[0]" => |b| diagnosed(b, &["f41.1"]);
            "a letter for the digit" at "diagnosis_codes[1]" => |b| diagnosed(b, &["F41.1", "FA1.1"]);
            "DSM-IV" at "diagnosis_codes[0]" => |b| diagnosed(b, &["300.02"]);
        }
        spares {
            "with a point" => |b| diagnosed(b, &["F43.10"]);
            "without a point" => |b| diagnosed(b, &["F4310"]);
            "a letter in third place" => |b| diagnosed(b, &["C4A.0"]);
            "seven characters" => |b| diagnosed(b, &["T74.11XA"]);
        }
    }
    dx_not_billable {
        fires {
            "F32" at "diagnosis_codes[0]" => |b| diagnosed(b, &["F32"]);
            "F43.1" at "diagnosis_codes[0]" => |b| diagnosed(b, &["F43.1"]);
            "F10.1 second" at "diagnosis_codes[1]" => |b| diagnosed(b, &["F41.1", "F10.1"]);
        }
        spares {
            "F32.A" => |b| diagnosed(b, &["F32.A"]);
            "F43.10" => |b| diagnosed(b, &["F43.10"]);
            "an unknown one is another rule's" => |b| diagnosed(b, &["F41.11"]);
        }
    }
    dx_not_valid_on_dos {
        fires {
            "F50.01 when it had been divided" at "diagnosis_codes[0]" => |b| on(b, "F50.01", "2024-10-01");
            "F50.010 before it was" at "diagnosis_codes[0]" => |b| on(b, "F50.010", "2024-09-30");
            "F43.8 when it had been divided" at "diagnosis_codes[0]" => |b| on(b, "F43.8", "2022-10-01");
            "never heard of" at "diagnosis_codes[0]" => |b| diagnosed(b, &["F41.11"]);
        }
        spares {
            "F50.01 on its last day" => |b| on(b, "F50.01", "2024-09-30");
            "F50.010 on its first day" => |b| on(b, "F50.010", "2024-10-01");
            "F43.8 on its last day" => |b| on(b, "F43.8", "2022-09-30");
            "a category is another rule's" => |b| diagnosed(b, &["F32"]);
            "malformed is another rule's" => |b| diagnosed(b, &["F4"]);
        }
    }
    dx_duplicate {
        fires {
            "the same" at "diagnosis_codes[2]" => |b| diagnosed(b, &["F41.1", "F33.1", "F41.1"]);
            "with and without a point" at "diagnosis_codes[1]" => |b| diagnosed(b, &["F41.1", "F411"]);
        }
        spares { "a near one" => |b| diagnosed(b, &["F41.1", "F41.0"]); }
    }
    dx_primary_not_allowed {
        fires {
            "an external cause" at "diagnosis_codes[0]" => |b| diagnosed(b, &["Y07.01", "F41.1"]);
            "a manifestation" at "diagnosis_codes[0]" => |b| diagnosed(b, &["F02.80", "F41.1"]);
        }
        spares {
            "an external cause second" => |b| diagnosed(b, &["F41.1", "Y07.01"]);
            "a manifestation second" => |b| diagnosed(b, &["F41.1", "F02.80"]);
            "an injury" => |b| diagnosed(b, &["T74.11XA"]);
        }
    }
    dx_primary_z {
        fires { "first" at "diagnosis_codes[0]" => |b| diagnosed(b, &["Z63.0", "F41.1"]); }
        spares { "second" => |b| diagnosed(b, &["F41.1", "Z63.0"]); }
    }
    dx_pointer {
        fires {
            "none" at "lines[0].diagnosis_pointers" => |b| points(b, &[]);
            "five" at "lines[0].diagnosis_pointers" => |b| { diagnosed(b, TWELVE); points(b, &[1, 2, 3, 4, 5]); };
            "zero" at "lines[0].diagnosis_pointers" => |b| points(b, &[0]);
            "one too far" at "lines[0].diagnosis_pointers" => |b| points(b, &[3]);
            "twice" at "lines[0].diagnosis_pointers" => |b| points(b, &[1, 2, 1]);
        }
        spares {
            "the last" => |b| points(b, &[2]);
            "four" => |b| { diagnosed(b, TWELVE); points(b, &[12, 1, 2, 3]); };
        }
    }
    dx_sud_part2_hint {
        fires {
            "F10 in a program" at "session.part2" => |b| {
                diagnosed(b, &["F10.20"]);
                b.snapshot.billing_provider.part2_program = true;
            };
            "F19 in a program" at "session.part2" => |b| {
                diagnosed(b, &["F19.10"]);
                b.snapshot.billing_provider.part2_program = true;
            };
        }
        spares {
            "flagged" => |b| {
                diagnosed(b, &["F10.20"]);
                b.snapshot.billing_provider.part2_program = true;
                b.snapshot.session.part2 = true;
            };
            "no such program" => |b| diagnosed(b, &["F10.20"]);
            "second" => |b| {
                diagnosed(b, &["F41.1", "F10.20"]);
                b.snapshot.billing_provider.part2_program = true;
            };
            "F20" => |b| { diagnosed(b, &["F20.9"]); b.snapshot.billing_provider.part2_program = true; };
        }
    }
    dx_excludes1 {
        fires {
            "the pair" at "diagnosis_codes[1]" => |b| excluded(b, "F411,F331");
            "either way" at "diagnosis_codes[1]" => |b| excluded(b, "F331,F411");
            "their categories" at "diagnosis_codes[1]" => |b| excluded(b, "F33,F41");
        }
        spares {
            "nobody loaded the table" => |_| ();
            "one of the pair" => |b| excluded(b, "F411,F320");
            "a code that is longer" => |b| excluded(b, "F4110,F331");
            "within one category of the pair" => |b| { diagnosed(b, &["F33.1", "F33.2"]); excluded(b, "F33,F41"); };
        }
    }
}
