use crate::rules::bench::{Bench, day, examples};
use crate::snapshot::Person;

fn insured_by_parent(bench: &mut Bench) -> &mut Person {
    bench.coverage().relationship = "19".into();
    let parent =
        Person { first_name: "Robin".into(), birth_date: Some(day("1960-02-03")), ..bench.snapshot.patient.clone() };
    bench.snapshot.subscriber.insert(parent)
}

examples! {
    patient_name_required {
        fires {
            "no first name" at "patient.first_name" => |b| b.snapshot.patient.first_name = "  ".into();
            "no last name" at "patient.last_name" => |b| b.snapshot.patient.last_name.clear();
            "36 characters" at "patient.first_name" => |b| b.snapshot.patient.first_name = "a".repeat(36);
            "61 characters" at "patient.last_name" => |b| b.snapshot.patient.last_name = "a".repeat(61);
            "another script" at "patient.last_name" => |b| b.snapshot.patient.last_name = "Ольга".into();
            "the subscriber's" at "subscriber.last_name" => |b| insured_by_parent(b).last_name = "李".into();
            "the subscriber's first" at "subscriber.first_name" => |b| insured_by_parent(b).first_name = "a".repeat(36);
        }
        spares {
            "35 characters" => |b| b.snapshot.patient.first_name = "é".repeat(35);
            "60 characters" => |b| b.snapshot.patient.last_name = "a".repeat(60);
            "accents, digits and an apostrophe" => |b| b.snapshot.patient.last_name = "O'Núñez 3".into();
        }
    }
    dob_invalid {
        fires {
            "none" at "patient.birth_date" => |b| b.snapshot.patient.birth_date = None;
            "after the service" at "patient.birth_date" => |b| b.snapshot.patient.birth_date = Some(day("2026-03-17"));
            "150 years" at "patient.birth_date" => |b| b.snapshot.patient.birth_date = Some(day("1876-03-16"));
            "after today" at "patient.birth_date" => |b| {
                b.snapshot.patient.birth_date = Some(day("2026-03-16"));
                b.today = day("2026-03-15");
            };
            "the subscriber's" at "subscriber.birth_date" => |b| insured_by_parent(b).birth_date = Some(day("2026-03-17"));
        }
        spares {
            "born that day" => |b| b.snapshot.patient.birth_date = Some(day("2026-03-16"));
            "a day short of 150 years" => |b| b.snapshot.patient.birth_date = Some(day("1876-03-17"));
            "a subscriber's missing one is another rule's" => |b| insured_by_parent(b).birth_date = None;
        }
    }
    sex_code {
        fires {
            "X" at "patient.sex" => |b| b.snapshot.patient.sex = "X".into();
            "lower case" at "patient.sex" => |b| b.snapshot.patient.sex = "f".into();
            "none" at "patient.sex" => |b| b.snapshot.patient.sex.clear();
            "the subscriber's" at "subscriber.sex" => |b| insured_by_parent(b).sex = "O".into();
        }
        spares {
            "M" => |b| b.snapshot.patient.sex = "M".into();
            "U" => |b| b.snapshot.patient.sex = "U".into();
            "a subscriber's missing one is another rule's" => |b| insured_by_parent(b).sex.clear();
        }
    }
    patient_address {
        fires {
            "no street" at "patient.address.line1" => |b| b.snapshot.patient.address.line1.clear();
            "no city" at "patient.address.city" => |b| b.snapshot.patient.address.city.clear();
            "no state" at "patient.address.state" => |b| b.snapshot.patient.address.state.clear();
            "no ZIP" at "patient.address.zip_code" => |b| b.snapshot.patient.address.zip_code = " ".into();
        }
        spares {
            "no second line" => |b| b.snapshot.patient.address.line2.clear();
            "a box" => |b| b.snapshot.patient.address.line1 = "PO Box 12".into();
        }
    }
    subscriber_required {
        fires {
            "nobody" at "subscriber" => |b| b.coverage().relationship = "19".into();
            "no first name" at "subscriber.first_name" => |b| insured_by_parent(b).first_name.clear();
            "no last name" at "subscriber.last_name" => |b| insured_by_parent(b).last_name.clear();
            "no birth date" at "subscriber.birth_date" => |b| insured_by_parent(b).birth_date = None;
            "no sex" at "subscriber.sex" => |b| insured_by_parent(b).sex.clear();
        }
        spares {
            "complete" => |b| { insured_by_parent(b); };
            "no address" => |b| insured_by_parent(b).address = crate::snapshot::Address::default();
            "the patient is the subscriber" => |b| b.snapshot.subscriber = None;
            "no coverage" => |b| b.snapshot.coverage = None;
        }
    }
}
