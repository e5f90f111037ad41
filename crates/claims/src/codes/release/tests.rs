use proptest::prelude::*;

use super::*;
use crate::codes::{Diagnosis, ReasonClass, Release};
use crate::rules::RULE_SET_VERSION;
use crate::rules::bench::day;

fn lines(kind: Kind, text: &str) -> Vec<u64> {
    kind.check(text).unwrap_err().into_iter().map(|mistake| mistake.line).collect()
}

fn loaded(kind: Kind, valid_from: Option<&str>, text: &str) -> Reference {
    let Checked { content, .. } = kind.check(text).unwrap();
    Reference::with(3, &[Release { kind, valid_from: valid_from.map(day), content: &content }]).unwrap()
}

#[test]
fn every_bad_line_is_named_and_right_ones_are_not() {
    for (kind, text, bad) in [
        (Kind::Icd10, "code,kind\nF411,1\nF4,1\nF33,3\nf320,1\nF41.1,0\n", &[3, 4, 5, 6][..]),
        (
            Kind::Procedures,
            "code,valid_from,valid_to,fee\n90837,2026-01-01,,150.00\n9083,2026-01-01,,1\n90834,,,1\n90834,2026-02-01,2026-01-01,1\n\
             90834,2026-01-01,,0\n90834,2026-01-01,,1.005\n90837,2027-01-01,,160\n90834,2026-01-01,2026-06-30,1\n90834,2026-07-01,,2\n",
            &[3, 4, 5, 6, 7, 8],
        ),
        (Kind::Taxonomies, "code\n1041C0700X\n1041C0700Y\n104X\n1041C0700X\n", &[3, 4, 5]),
        (
            Kind::PlacesOfService,
            "code,valid_from,valid_to\n11,,\n1,,\n12,soon,\n10,2022-01-01,2021-01-01\n",
            &[3, 4, 5],
        ),
        (Kind::AdjustmentReasons, "code,class\n45,writeoff\nB7,other\n,info\n45,info\n", &[3, 4, 5]),
        (
            Kind::NpiDeactivations,
            "npi,deactivated_on,reactivated_on\n1234567893,2020-01-01,\n1234567890,2020-01-01,\n1558598797,,\n\
             1558598797,2020-01-02,2020-01-01\n1234567893,2021-01-01,\n",
            &[3, 4, 5, 6],
        ),
        (Kind::NpiTypes, "npi,entity_type\n1234567893,1\n1558598797,3\n1234567893,2\n", &[3, 4]),
        (Kind::UnitCaps, "code,units\n96127,4\n96127,-1\n90840\n90840,1,2\n", &[3, 4, 5]),
        (Kind::Excludes1, "code,excluded\nF32,F33\nF32,F32\nF3,F33\nF32,F33\n", &[3, 4, 5]),
    ] {
        assert_eq!(lines(kind, text), bad, "{kind}");
        let right: Vec<&str> =
            text.lines().enumerate().filter(|(at, _)| !bad.contains(&(*at as u64 + 1))).map(|(_, line)| line).collect();
        let checked = kind.check(&right.join("\r\n")).unwrap();
        assert_eq!(checked.rows, right.len() - 1, "{kind}");
        assert!(
            Reference::with(1, &[Release { kind, valid_from: None, content: &checked.content }]).unwrap().has(kind)
        );
    }
}

#[test]
fn a_file_needs_its_header_and_rows() {
    for kind in Kind::ALL {
        let header = kind.header().join(",");
        assert_eq!(lines(*kind, ""), [1], "{kind}");
        assert_eq!(lines(*kind, &header), [1], "{kind}");
        assert_eq!(lines(*kind, "what,ever\n1,2\n"), [1], "{kind}");
    }
}

#[test]
fn spaces_quotes_and_a_byte_order_mark_are_taken() {
    let checked = Kind::UnitCaps.check("\u{feff}code,units\n\"96127\" , 4 \n\n").unwrap();
    assert_eq!(checked, Checked { content: "code,units\n96127,4".to_owned(), rows: 1 });
    assert_eq!(lines(Kind::UnitCaps, "code,units\n\"96,27\",4\n"), [2]);
}

/// Lines as CMS publishes them: number, code, whether it may be billed, short and long title.
const ORDER: &str = "\
00001 F41     0 Other anxiety disorders                                      Other anxiety disorders
00002 F411    1 Generalized anxiety disorder                                 Generalized anxiety disorder
00003 F54     1 Psych & behavrl factors assoc w disord or dis classd elswhr  Psychological and behavioral factors
00004 F997    1 A code of next year                                          A code of next year
";

#[test]
fn the_order_file_of_a_new_year_holds_from_its_day_on() {
    let tables = loaded(Kind::Icd10, Some("2026-10-01"), ORDER);
    let billable = |never_first| Diagnosis::Billable { never_first };
    assert_eq!(tables.diagnosis("F99.7", day("2026-09-30")), Diagnosis::NotInUse);
    assert_eq!(tables.diagnosis("F99.7", day("2026-10-01")), billable(false));
    assert_eq!(tables.diagnosis("F41.1", day("2026-10-01")), billable(false));
    assert_eq!(tables.diagnosis("F41", day("2026-10-01")), Diagnosis::Category);
    assert_eq!(tables.diagnosis("F54", day("2026-10-01")), billable(true), "the order file does not say so");
    assert_eq!(tables.diagnosis("F33.1", day("2026-09-30")), billable(false), "the shipped year");
    assert_eq!(tables.diagnosis("F33.1", day("2026-10-01")), Diagnosis::NotInUse, "no longer listed");
    assert_eq!(lines(Kind::Icd10, &format!("{ORDER}00005 F41\n")), [5]);
}

#[test]
fn loaded_tables_take_the_place_of_shipped_ones() {
    let on = day("2026-03-16");
    let places = loaded(Kind::PlacesOfService, None, "code,valid_from,valid_to\n11,,\n59,2026-01-01,2026-03-15\n");
    assert!(places.is_place("11", on) && !places.is_place("12", on) && !places.is_place("59", on));
    assert!(places.is_place("59", day("2026-03-15")));
    let reasons = loaded(Kind::AdjustmentReasons, None, "code,class\n45,appeal\n");
    assert_eq!((reasons.reason("45"), reasons.reason("1")), (Some(ReasonClass::Appeal), None));
    let taxonomies = loaded(Kind::Taxonomies, None, "code\n999999999X\n");
    assert!(taxonomies.is_taxonomy("999999999X", on) && !taxonomies.is_taxonomy("1041C0700X", on));
    assert!(taxonomies.has_all_taxonomies(on));
}

#[test]
fn the_version_tells_the_newest_release() {
    assert_eq!(loaded(Kind::UnitCaps, None, "code,units\n96127,4").version(), &format!("{RULE_SET_VERSION}+r3"));
    assert_eq!(Reference::shipped().version(), RULE_SET_VERSION);
}

proptest! {
    #[test]
    fn no_file_panics_and_what_is_taken_can_be_read(
        kind in prop::sample::select(Kind::ALL),
        rows in prop::collection::vec(prop::collection::vec("[A-Z0-9.\", -]{0,10}", 1..5), 0..5),
    ) {
        let rows: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
        let text = format!("{}\n{}", kind.header().join(","), rows.join("\n"));
        if let Ok(Checked { content, .. }) = kind.check(&text) {
            let read = Reference::with(1, &[Release { kind, valid_from: None, content: &content }]);
            prop_assert!(read.is_ok());
        }
        let _ = kind.check(&rows.join("\n"));
    }
}
