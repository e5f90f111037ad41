//! Every file of the test data ends as it should, and what isn't right is told by its place.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{answer, read, write};
use crate::import::Output;

/// Whose files these are keeps them out of the project; without them the reason is printed.
fn shared() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = above.map(|folder| folder.join("shared/data")).find(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: there is no ../shared/data beside the project");
    }
    found
}

fn told(bytes: impl Read, output: Output) -> (String, read::Found) {
    let mut out = Vec::new();
    let found = read::run(bytes, &mut out, output).unwrap();
    (String::from_utf8(out).unwrap(), found)
}

#[test]
fn each_file_of_the_test_data_ends_as_it_should() {
    let Some(data) = shared() else { return };
    for kind in ["837p", "835", "277ca", "999", "ta1"] {
        for entry in fs::read_dir(data.join(kind)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            // published examples of claims have NPIs whose check digits are wrong
            let is_clean = !(name.starts_with("own_bad") || kind == "837p" && name.starts_with("ext_"));
            for output in [Output::Table, Output::Json] {
                let (text, found) = told(fs::File::open(&path).unwrap(), output);
                assert_eq!(found.is_clean(), is_clean, "{name}: {found}\n{text}");
            }
        }
    }
}

#[test]
fn a_broken_set_is_told_with_its_segment_and_place() {
    let Some(data) = shared() else { return };
    for (name, expected) in [
        ("837p/own_bad_hl_gap.837", "BROKEN HL01 at segment 29 (27 of its set), byte 859: "),
        ("835/own_bad03_se_count.835", "BROKEN SE01 at segment 23 (21 of its set), byte 700: "),
        ("835/own_bad02_bpr_not_sum.835", "UNBALANCED BPR at segment 4, byte 174: 119.00 paid, 118.00 by its parts"),
    ] {
        let (text, _) = told(fs::File::open(data.join(name)).unwrap(), Output::Table);
        assert!(text.contains(expected), "{name}: {text}");
    }
}

#[test]
fn the_sets_beside_a_broken_one_are_told_all_the_same() {
    let paid = |control: &str, count: u32| {
        format!(
            "ST*835*{control}~BPR*I*0*C*NON************20261020~TRN*1*{control}~N1*PR*PLAN~N1*PE*GROUP~\
             CLP*C{control}*1*10*0**12~CAS*CO*45*10~SE*{count}*{control}~"
        )
    };
    let head =
        "ISA*00*          *00*          *ZZ*TCH99          *ZZ*EST0001        *261020*0330*^*00501*000000401*0*T*:~";
    let sets = [paid("1", 8), paid("2", 99), paid("3", 8)].concat();
    let file = format!("{head}GS*HP*TCH99*EST0001*20261020*0330*7*X*005010X221A1~{sets}GE*3*7~IEA*1*000000401~");
    let (text, found) = told(file.as_bytes(), Output::Table);
    assert_eq!((found.complete, found.broken, found.unbalanced), (2, 1, 0), "{text}");
    assert!(text.contains("claim C1 ") && text.contains("claim C3 "), "{text}");
    let (text, found) = told(&file.as_bytes()[..file.len() - 20], Output::Table);
    assert!(found.ended_early.is_some() && text.contains("claim C3 "), "{text}");
    let (text, found) = told(io::empty(), Output::Table);
    assert!(found.ended_early.is_some(), "{text}");
}

#[test]
fn each_line_of_json_is_a_document_of_its_own() {
    let Some(data) = shared() else { return };
    let (text, _) = told(fs::File::open(data.join("835/own_bad02_bpr_not_sum.835")).unwrap(), Output::Json);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line.as_object().unwrap().keys().next().unwrap().as_str()).collect();
    assert_eq!(kinds[..3], ["interchange", "opened", "part"]);
    assert_eq!(kinds[kinds.len() - 4..], ["part", "unbalanced", "closed", "found"]);
    let unbalanced = &lines[lines.len() - 3]["unbalanced"];
    assert_eq!((&unbalanced["level"], &unbalanced["position"]["byte"]), (&"payment".into(), &174.into()));
}

#[test]
fn a_source_that_fails_is_an_error_and_no_finding() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    assert!(read::run(Failing, Vec::new(), Output::Json).is_err());
}

const CLAIMS: &str = include_str!("../../../tests/data/claims.json");

#[test]
fn what_is_written_is_read_again() {
    let bytes = write::render(CLAIMS.as_bytes()).unwrap();
    let (text, found) = told(bytes.as_slice(), Output::Table);
    assert!(found.is_clean(), "{text}");
    assert!(
        text.contains("claim C7K2M9Q4XA01 frequency 1, payer P 60054, member W123456789, DOE, JANE: 150.00"),
        "{text}"
    );
}

#[test]
fn every_violation_is_named_and_nothing_is_written() {
    let mut claims: Value = serde_json::from_str(CLAIMS).unwrap();
    claims["interchange"]["sender"] = "X".into();
    claims["batches"][0]["header"]["submitter"]["phone"] = "1".into();
    claims["batches"][0]["claims"][0]["lines"][0]["charge"] = "151".into();
    let Err(write::Error::Refused(refused)) = write::render(claims.to_string().as_bytes()) else { panic!() };
    let fields: Vec<_> = refused.0.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["interchange.sender", "batches[0].header.submitter.phone", "batches[0].claims[0].total"]);
    assert!(matches!(write::render(b"{}".as_slice()), Err(write::Error::Form { .. })));
}

#[test]
fn what_has_another_form_is_named_without_its_value() {
    let wrong = |pointer: &str, value: Value| {
        let mut claims: Value = serde_json::from_str(CLAIMS).unwrap();
        *claims.pointer_mut(pointer).unwrap() = value;
        let error = write::render(claims.to_string().as_bytes()).unwrap_err().to_string();
        assert!(!error.contains("JANE"), "{error}");
        error.rsplit_once(" (line").unwrap().0.to_owned()
    };
    let claim = "/batches/0/claims/0";
    let said = [
        wrong(&format!("{claim}/total"), "JANE".into()),
        wrong(&format!("{claim}/lines/0/service_date"), "JANE".into()),
        wrong(&format!("{claim}/subscriber/sequence"), "DOE, JANE".into()),
        wrong(&format!("{claim}/lines"), "DOE, JANE".into()),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    the claims can't be read: batches[0].claims[0].total: must be a decimal number such as 150 or 175.5
    the claims can't be read: batches[0].claims[0].lines[0].service_date: input contains invalid characters
    the claims can't be read: batches[0].claims[0].subscriber.sequence: expected one of `P`, `S`, `T`, `A`, `B`, `C`, `D`, `E`, `F`, `G`, `H`, `U`
    the claims can't be read: batches[0].claims[0].lines: expected a sequence
    ");
}

#[test]
fn no_control_character_of_a_file_reaches_the_terminal() {
    let bytes = write::render(CLAIMS.as_bytes()).unwrap();
    let text = String::from_utf8(bytes).unwrap().replace("*DOE*", "*DOE\u{1b}[31m\u{9b}2J*");
    let (shown, found) = told(text.as_bytes(), Output::Table);
    assert!(found.is_clean() && shown.contains("DOE\u{fffd}[31m\u{fffd}2J"), "{shown}");
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown}");
}

#[test]
fn a_file_is_kept_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claims.837");
    write::keep(b"ISA~", &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"ISA~");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(write::keep(b"ISA~", &folder.path().join("none/claims.837")).is_err());
}

#[test]
fn files_are_answered_in_the_order_in_which_the_answers_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let claims = CLAIMS.replace("W123456789", "REV456789");
    let file = folder.path().join("claims.837");
    write::keep(&write::render(claims.as_bytes()).unwrap(), &file).unwrap();
    let now = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap().and_hms_opt(8, 0, 0).unwrap();
    let out = folder.path().join("answers");
    let paths = answer::run(std::slice::from_ref(&file), &out, 1, now).unwrap();
    let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["0001-000000010.999", "0002-000000011.277", "0003-000000013.835", "0004-000000016.835"]);
    for path in &paths {
        let (text, found) = told(fs::File::open(path).unwrap(), Output::Table);
        assert!(found.is_clean(), "{text}");
    }
    let error = answer::run(&[folder.path().join("none")], &out, 1, now).unwrap_err().to_string();
    assert!(error.contains("none: "), "{error}");
}
