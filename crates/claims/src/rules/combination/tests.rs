use crate::rules::bench::{day, examples};

examples! {
    addon_without_base {
        fires {
            "90833 alone" at "lines[0].cpt_code" => |b| b.bill(&["90833"]);
            "90836 with therapy" at "lines[1].cpt_code" => |b| b.bill(&["90834", "90836"]);
            "90785 with crisis" at "lines[1].cpt_code" => |b| b.bill(&["90839", "90785"]);
            "90840 with therapy" at "lines[1].cpt_code" => |b| b.bill(&["90837", "90840"]);
            "90863 with a visit" at "lines[1].cpt_code" => |b| b.bill(&["99213", "90863"]);
            "96131 alone" at "lines[0].cpt_code" => |b| b.bill(&["96131"]);
            "the base on another day" at "lines[1].cpt_code" => |b| {
                b.bill(&["90837", "90785"]);
                b.snapshot.lines[1].service_date = day("2026-03-17");
            };
        }
        spares {
            "90833 with a visit" => |b| b.bill(&["99213", "90833"]);
            "90833 with a hospital visit" => |b| b.bill(&["90833", "99232"]);
            "90785 with therapy" => |b| b.bill(&["90785", "90837"]);
            "90785 with a group" => |b| b.bill(&["90853", "90785"]);
            "90785 with an evaluation" => |b| b.bill(&["90791", "90785"]);
            "90785 with a visit's therapy" => |b| b.bill(&["99213", "90836", "90785"]);
            "90840 with 90839" => |b| b.bill(&["90839", "90840"]);
            "90863 with therapy" => |b| b.bill(&["90834", "90863"]);
            "96137 with 96136" => |b| b.bill(&["96136", "96137"]);
            "an unknown code" => |b| b.bill(&["99999"]);
        }
    }
    code_pair_conflict {
        fires {
            "therapy and a visit" at "lines[1].cpt_code" => |b| b.bill(&["90837", "99213"]);
            "a visit and therapy" at "lines[1].cpt_code" => |b| b.bill(&["99213", "90832"]);
            "two sessions" at "lines[1].cpt_code" => |b| b.bill(&["90832", "90834"]);
            "the same twice" at "lines[1].cpt_code" => |b| b.bill(&["90837", "90837"]);
            "complexity and crisis" at "lines[1].cpt_code" => |b| b.bill(&["90839", "90785"]);
            "complexity and family" at "lines[1].cpt_code" => |b| b.bill(&["90847", "90785"]);
            "evaluation and crisis" at "lines[1].cpt_code" => |b| b.bill(&["90791", "90839"]);
            "two evaluations" at "lines[1].cpt_code" => |b| b.bill(&["90791", "90792"]);
            "therapy and crisis" at "lines[1].cpt_code" => |b| b.bill(&["90839", "90834"]);
            "a visit's therapy and crisis" at "lines[1].cpt_code" => |b| b.bill(&["90833", "90840"]);
            "with another claim of the day" at "lines[0].cpt_code" => |b| b.same_day_codes = vec!["90834".into()];
        }
        spares {
            "a visit and its therapy" => |b| b.bill(&["99214", "90836"]);
            "therapy and group" => |b| b.bill(&["90837", "90853"]);
            "evaluation and complexity" => |b| b.bill(&["90791", "90785"]);
            "crisis and its half hour" => |b| b.bill(&["90839", "90840"]);
            "another day" => |b| {
                b.bill(&["90832", "90834"]);
                b.snapshot.lines[1].service_date = day("2026-03-17");
            };
            "a group on another claim" => |b| b.same_day_codes = vec!["90853".into()];
        }
    }
    psytx_family_same_day {
        fires {
            "individual, then family" at "lines[1].cpt_code" => |b| b.bill(&["90837", "90847"]);
            "family, then individual" at "lines[1].cpt_code" => |b| b.bill(&["90846", "90832"]);
            "family on another claim" at "lines[0].cpt_code" => |b| b.same_day_codes = vec!["90847".into()];
        }
        spares {
            "marked as distinct" => |b| {
                b.bill(&["90837", "90847"]);
                b.snapshot.lines[1].modifiers.push("59".into());
            };
            "marked as a separate encounter" => |b| {
                b.bill(&["90837", "90847"]);
                b.snapshot.lines[0].modifiers.push("XE".into());
            };
            "group and family" => |b| b.bill(&["90853", "90847"]);
        }
    }
}
