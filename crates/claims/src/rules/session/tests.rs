use crate::rules::bench::{Bench, day, examples};

/// Bills one code for a session of so many minutes.
fn took(bench: &mut Bench, code: &str, minutes: i32) {
    bench.bill(&[code]);
    bench.snapshot.session.duration_minutes = Some(minutes);
}

/// Moves session and lines to a place, with these modifiers on the lines.
fn held_at(bench: &mut Bench, place: &str, modifiers: &[&str]) {
    bench.snapshot.session.place_of_service = place.into();
    for line in &mut bench.snapshot.lines {
        line.place_of_service = place.into();
        line.modifiers = modifiers.iter().map(|modifier| (*modifier).to_owned()).collect();
    }
}

examples! {
    session_not_completed {
        fires {
            "scheduled" at "session.status" => |b| b.snapshot.session.status = "scheduled".into();
            "cancelled" at "session.status" => |b| b.snapshot.session.status = "cancelled".into();
        }
        spares { "completed" => |b| b.snapshot.session.status = "completed".into(); }
    }
    dos_future {
        fires { "tomorrow" at "service_date" => |b| b.today = day("2026-03-15"); }
        spares { "today" => |b| b.today = day("2026-03-16"); }
    }
    dos_before_dob {
        fires { "born the day after" at "service_date" => |b| b.snapshot.patient.birth_date = Some(day("2026-03-17")); }
        spares {
            "born that day" => |b| b.snapshot.patient.birth_date = Some(day("2026-03-16"));
            "unknown is another rule's" => |b| b.snapshot.patient.birth_date = None;
        }
    }
    cpt_time_mismatch_high {
        fires {
            "90832 at 15" at "session.duration_minutes" => |b| took(b, "90832", 15);
            "90834 at 37" at "session.duration_minutes" => |b| took(b, "90834", 37);
            "90837 at 52" at "session.duration_minutes" => |b| took(b, "90837", 52);
            "90839 at 29" at "session.duration_minutes" => |b| took(b, "90839", 29);
            "90847 at 25" at "session.duration_minutes" => |b| took(b, "90847", 25);
            "two units of 90840 at 104" at "session.duration_minutes" => |b| {
                took(b, "90840", 104);
                b.snapshot.lines[0].units = 2;
            };
            "the line's own minutes" at "lines[0].duration_minutes" => |b| b.snapshot.lines[0].duration_minutes = Some(52);
        }
        spares {
            "90832 at 16" => |b| took(b, "90832", 16);
            "90834 at 38" => |b| took(b, "90834", 38);
            "90837 at 53" => |b| took(b, "90837", 53);
            "90839 at 30" => |b| took(b, "90839", 30);
            "90846 at 26" => |b| took(b, "90846", 26);
            "two units of 90840 at 105" => |b| { took(b, "90840", 105); b.snapshot.lines[0].units = 2; };
            "an untimed code" => |b| took(b, "90791", 1);
            "no time is another rule's" => |b| b.snapshot.session.duration_minutes = None;
        }
    }
    cpt_time_mismatch_low {
        fires {
            "90832 at 38" at "session.duration_minutes" => |b| took(b, "90832", 38);
            "90834 at 53" at "session.duration_minutes" => |b| took(b, "90834", 53);
            "90837 at 91" at "session.duration_minutes" => |b| took(b, "90837", 91);
            "90839 alone at 75" at "session.duration_minutes" => |b| took(b, "90839", 75);
        }
        spares {
            "90832 at 37" => |b| took(b, "90832", 37);
            "90834 at 52" => |b| took(b, "90834", 52);
            "90837 at 90" => |b| took(b, "90837", 90);
            "90839 at 74" => |b| took(b, "90839", 74);
            "90839 at 75 with the further half hour" => |b| {
                b.bill(&["90839", "90840"]);
                b.snapshot.session.duration_minutes = Some(75);
            };
        }
    }
    duration_missing {
        fires {
            "none" at "session.duration_minutes" => |b| b.snapshot.session.duration_minutes = None;
            "zero" at "session.duration_minutes" => |b| b.snapshot.session.duration_minutes = Some(0);
            "481" at "session.duration_minutes" => |b| b.snapshot.session.duration_minutes = Some(481);
            "the line's own" at "lines[0].duration_minutes" => |b| b.snapshot.lines[0].duration_minutes = Some(-1);
        }
        spares {
            "one" => |b| b.snapshot.session.duration_minutes = Some(1);
            "480" => |b| b.snapshot.session.duration_minutes = Some(480);
            "an untimed code" => |b| { b.bill(&["90791"]); b.snapshot.session.duration_minutes = None; };
        }
    }
    pos_code {
        fires {
            "no such place" at "place_of_service" => |b| held_at(b, "59", &["95"]);
            "none" at "place_of_service" => |b| held_at(b, "", &["95"]);
            "10 before 2022" at "place_of_service" => |b| b.snapshot.claim.service_date = day("2021-12-31");
            "the line's own" at "lines[0].place_of_service" => |b| b.snapshot.lines[0].place_of_service = "1".into();
        }
        spares {
            "10 from 2022" => |b| b.snapshot.claim.service_date = day("2022-01-01");
            "02 before 2022" => |b| { b.snapshot.claim.service_date = day("2021-12-31"); held_at(b, "02", &["95"]); };
            "another place of the line's" => |b| b.snapshot.lines[0].place_of_service = "11".into();
        }
    }
    telehealth_modifier {
        fires {
            "none at home" at "lines[0].modifiers" as Warning => |b| held_at(b, "10", &[]);
            "none elsewhere" at "lines[0].modifiers" as Warning => |b| held_at(b, "02", &["59"]);
            "not the payer's" at "lines[0].modifiers" as Error => |b| b.terms.telehealth_modifier = Some("GT".into());
            "by voice, not the payer's for voice" at "lines[0].modifiers" as Error => |b| {
                b.terms.audio_modifier = Some("FQ".into());
                b.snapshot.session.modality = "audio".into();
                held_at(b, "10", &["93"]);
            };
        }
        spares {
            "any, as nothing is known" => |b| held_at(b, "10", &["GQ"]);
            "the payer's" => |b| { b.terms.telehealth_modifier = Some("GT".into()); held_at(b, "02", &["GT"]); };
            "by voice, the payer's for voice" => |b| {
                b.terms.audio_modifier = Some("FQ".into());
                b.snapshot.session.modality = "audio".into();
                held_at(b, "10", &["FQ"]);
            };
            "by voice the payer's for video is not asked for" => |b| {
                b.terms.telehealth_modifier = Some("95".into());
                b.snapshot.session.modality = "audio".into();
                held_at(b, "10", &["93"]);
            };
            "in the office" => |b| held_at(b, "11", &[]);
        }
    }
    telehealth_pos {
        fires {
            "95 in the office" at "lines[0].place_of_service" => |b| {
                b.terms.forbids_telehealth_in_office = true;
                held_at(b, "11", &["95"]);
            };
            "93 in the office" at "lines[0].place_of_service" => |b| {
                b.terms.forbids_telehealth_in_office = true;
                held_at(b, "11", &["93"]);
            };
            "at home, which the payer calls another place" at "lines[0].place_of_service" as Warning => |b| {
                b.terms.telehealth_pos = Some("02".into());
            };
        }
        spares {
            "at home as the payer wants it" => |b| b.terms.telehealth_pos = Some("10".into());
            "away from home, whatever home is called" => |b| {
                b.terms.telehealth_pos = Some("10".into());
                held_at(b, "02", &["95"]);
            };
            "the payer does not mind" => |b| held_at(b, "11", &["95"]);
            "no modifier" => |b| { b.terms.forbids_telehealth_in_office = true; held_at(b, "11", &["59"]); };
            "at home" => |b| b.terms.forbids_telehealth_in_office = true;
        }
    }
    audio_only_93 {
        fires {
            "by voice without 93" at "session.modality" => |b| b.snapshot.session.modality = "audio".into();
            "by video with 93" at "session.modality" => |b| held_at(b, "10", &["95", "93"]);
        }
        spares {
            "by voice with 93" => |b| { b.snapshot.session.modality = "audio".into(); held_at(b, "10", &["93"]); };
            "by voice with FQ" => |b| { b.snapshot.session.modality = "audio".into(); held_at(b, "10", &["FQ"]); };
            "by video with 93 as the payer wants" => |b| {
                b.terms.telehealth_modifier = Some("93".into());
                held_at(b, "10", &["93"]);
            };
            "in person" => |b| { b.snapshot.session.modality = "in_person".into(); held_at(b, "11", &[]); };
        }
    }
    telehealth_license_state {
        fires { "another state" at "session.patient_state" => |b| b.snapshot.session.patient_state = "NH".into(); }
        spares {
            "the licensed state" => |b| b.snapshot.session.patient_state = "MA".into();
            "nobody knows" => |b| b.snapshot.session.patient_state.clear();
            "in the office" => |b| { b.snapshot.session.patient_state = "NH".into(); held_at(b, "11", &[]); };
        }
    }
}
