//! Files of others, valid and not.

use std::path::Path;

use x12::claim::Batch;
use x12::claim::read::{ClaimPart, claims};
use x12::claim::write::ClaimWriter;
use x12::{Event, Sets};

use crate::{batches, file, read, sample};

#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
fn own(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/837p").join(name)).unwrap()
}

#[test]
fn valid_files_of_others_are_read() {
    for name in ["ok_base.837", "ok_crlf.837", "ok_gender_U.837", "ok_one_line.837"] {
        let batches = read(&own(name)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let numbers: Vec<_> = batches[0].claims.iter().map(|claim| claim.number.as_str()).collect();
        assert_eq!(numbers, ["S1001", "S1002", "S1003"], "{name}");
        assert!(batches[0].claims[2].patient.is_some());
        let again = file(batches.clone()).to_bytes().unwrap();
        assert_eq!(read(&again).unwrap(), batches, "{name}");
    }
}

#[test]
fn each_fault_is_told_at_its_segment() {
    for (name, told) in [
        ("bad_claim_total_not_sum_of_lines.837", "CLM02 at segment 21 (19 of its set), byte 664: "),
        ("bad_hi_icd_with_dot.837", "HI01 at segment 22 (20 of its set), byte 698: "),
        ("bad_hl_gap.837", "HL01 at segment 29 (27 of its set), byte 859: "),
        ("bad_no_dtp472.837", "SV1 at segment 26 (24 of its set), byte 788: "),
        ("bad_npi_luhn.837", "NM109 at segment 10 (8 of its set), byte 387: "),
        ("bad_se_count.837", "SE01 at segment 67 (65 of its set), byte 1683: "),
    ] {
        let fault = read(&own(name)).expect_err(name).to_string();
        assert!(fault.starts_with(told), "{name}: {fault}");
    }
}

#[test]
fn each_broken_rule_is_told_at_its_element() {
    let base = String::from_utf8(own("ok_base.837")).unwrap();
    for (from, to, told) in [
        ("HL*5*4*23", "HL*5*3*23", "HL02"),
        ("HL*5*4*23", "HL*5*9*23", "HL02"),
        ("HL*4*1*22*1", "HL*4*1*22*0", "HL02"),
        ("HL*3*1*22*0", "HL*3*1*22*1", "HL04"),
        ("SBR*P*18*GRP77", "SBR*P**GRP77", "CLM "),
        ("SBR*P*18*GRP77", "SBR*I*18*GRP77", "SBR01"),
        ("REF*EI*931234567~", "", "HL "),
        ("NM1*PR*2*SAMPLE HEALTH PLAN*****PI*99901~", "", "CLM "),
        ("PAT*19~", "", "NM1 "),
        ("DMG*D8*20140630*M~", "", "HL "),
        ("DMG*D8*19880214*F~", "", "HL "),
        ("N4*PORTLAND*OR*97202~", "", "HL "),
        ("N3*4 OAK AVE~", "", "HL "),
        ("N4*PORTLAND*OR*97202", "N4*PORTLAND*OR*9720", "N403"),
        ("N4*PORTLAND*OR*972010001", "N4*PORTLAND*OR*97201-0001", "N403"),
        ("N4*PORTLAND*OR*97202", "N4*PORTLAND*OR", "N403"),
        ("CLM*S1001*", "CLM*S10010000000000000000000000000000000001*", "CLM01"),
        ("HC:90837:95*", "HC:908370:95*", "SV101"),
        ("HC:90837:95*", "HC:90837:095*", "SV101"),
        ("UN*1***1:2", "UN*0***1:2", "SV104"),
        ("DMG*D8*20140630*M", "DMG*D8*20141330*M", "DMG02"),
        ("DMG*D8*20140630*M", "DMG*D8*20140630*X", "DMG03"),
        ("CLM*S1001*175.5***10:B:1", "CLM*S1001*175.5***10:B:7", "CLM05"),
        ("CLM*S1001*175.5***10:B:1", "CLM*S1001*175.5***10:A:1", "CLM05"),
        ("CLM*S1001*175.5", "CLM*S1001*1,755", "CLM02"),
        ("CLM*S1001*", "CLM**", "CLM01"),
        ("HI*ABK:F411*ABF:F331", "HI*BK:F411*ABF:F331", "HI01"),
        ("HI*ABK:F411*ABF:F331", "HI*ABK:F411*ABK:F331", "HI02"),
        ("HI*ABK:F411*ABF:F331~", "", "SV107"),
        ("UN*1***1:2", "UN*1***1:3", "SV107"),
        ("UN*1***1:2", "UN*1***0", "SV107"),
        ("UN*1***1:2", "MJ*60***1:2", "SV103"),
        ("UN*1***1:2", "UN*1.5***1:2", "SV104"),
        ("DTP*472*D8*20260929", "DTP*472*D8*20260931", "DTP03"),
        ("LX*2", "LX*3", "LX01"),
        ("S1002L2", "S1002L1", "REF02"),
        ("SE*65*0001", "SE*65*0002", "SE02"),
        ("BHT*0019*00", "BHT*0019*01", "BHT02"),
        ("ST*837*0001*005010X222A1", "ST*837*0001*005010X223A2", "ST03"),
        ("NM1*40*2*TESTING CLEARINGHOUSE*****46*TCH99~", "", "HL "),
        ("HI*ABK:F4310", "SVC*ABK:F4310", "SVC "),
    ] {
        assert!(base.contains(from), "{from}");
        let fault = read(base.replacen(from, to, 1).as_bytes()).expect_err(to).to_string();
        assert!(fault.starts_with(told), "{from} -> {to}: {fault}");
    }
}

#[test]
fn what_is_legal_and_not_read_is_told_as_such() {
    let base = String::from_utf8(own("ok_base.837")).unwrap();
    for (to, told) in [("MJ*60***1:2", "SV103"), ("UN*1.5***1:2", "SV104")] {
        let fault = read(base.replacen("UN*1***1:2", to, 1).as_bytes()).expect_err(to).to_string();
        assert!(fault.starts_with(told) && fault.contains("not supported"), "{fault}");
    }
    let abroad = base.replacen("N4*PORTLAND*OR*97202~", "N4*TORONTO*ON*M5V 2T6*CA~", 1);
    assert!(read(abroad.as_bytes()).is_ok());
}

#[test]
fn every_place_in_the_order_of_payers_is_read_and_written() {
    let base = String::from_utf8(own("ok_base.837")).unwrap();
    for code in ["P", "S", "T", "A", "B", "C", "D", "E", "F", "G", "H", "U"] {
        let sbr = format!("SBR*{code}*18*GRP77");
        let batches = read(base.replacen("SBR*P*18*GRP77", &sbr, 1).as_bytes()).unwrap();
        let again = String::from_utf8(file(batches).to_bytes().unwrap()).unwrap();
        assert!(again.contains(&sbr), "{code}");
    }
}

#[test]
fn a_decision_has_its_day_at_one_level() {
    let claims = vec![sample::claim_of(sample::Kind::Secondary, 1)];
    let bytes = file(vec![Batch { header: sample::header("COB"), claims }]).to_bytes().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let both = text.replace("~REF*F8*PCN778~", "~DTP*573*D8*20260928~");
    assert!(read(both.as_bytes()).unwrap_err().to_string().starts_with("CLM "));
    let unknown = text.replace("SVD*99902", "SVD*99903");
    assert!(read(unknown.as_bytes()).unwrap_err().to_string().starts_with("SVD01"));
    let undated = text.replace("DTP*573*D8*20260928~", "AMT*EAF*20~");
    assert!(read(undated.as_bytes()).unwrap_err().to_string().starts_with("SV1 "));
}

#[test]
fn a_broken_set_hides_no_other() {
    let mut writer = ClaimWriter::begin(sample::interchange(7)).unwrap();
    for n in 1..=3 {
        writer.begin_batch(sample::header(&format!("B{n}"))).unwrap();
        writer.write(&sample::claim(n)).unwrap();
    }
    let text = String::from_utf8(writer.finish()).unwrap().replace("W000000002", "");
    let events: Vec<_> = claims(text.as_bytes()).filter_map(Result::ok).collect();
    let count = |wanted: fn(&Event<ClaimPart>) -> bool| events.iter().filter(|event| wanted(event)).count();
    assert_eq!(count(|event| matches!(event, Event::Closed)), 2);
    assert_eq!(count(|event| matches!(event, Event::Broken(fault) if fault.segment == "NM1")), 1);
}

#[test]
fn published_samples_are_read_without_the_checks_of_content() {
    let found =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|at| at.join("shared/data/837p")).find(|at| at.exists());
    let Some(folder) = found else {
        println!("skipped: the published samples are not there");
        return;
    };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with("ext_") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        // they have ICD-9 codes and invented NPIs
        let batches = batches::<false>(Sets::new(bytes.as_slice())).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(batches.iter().map(|batch| batch.claims.len()).sum::<usize>(), 1, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 4);
}
