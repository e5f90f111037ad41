//! The 835 reader on the files at hand and on what they don't have.

use super::*;
use crate::amount::Cents;
use crate::quantity::Quantity;
use crate::sets::Event;
use crate::testing::{ends, events, file, shared};

fn balanced(events: &[Event<Part>]) -> Vec<balance::Imbalance> {
    let (mut found, mut payment) = (Vec::new(), None);
    for event in events {
        let Event::Part(part) = event else { continue };
        match part {
            Part::Payment(one) => payment = Some(one),
            Part::Claim(claim) => found.extend(balance::claim(claim)),
            Part::Totals(totals) => found.extend(balance::payment(payment.unwrap(), totals)),
            Part::ProviderAdjustments(_) => {}
        }
    }
    found
}

fn claims(events: &[Event<Part>]) -> Vec<&ClaimPayment> {
    let claim = |event| if let &Event::Part(Part::Claim(ref claim)) = event { Some(&**claim) } else { None };
    events.iter().filter_map(claim).collect()
}

fn set(body: &str) -> String {
    let head = "ST*835*0001~BPR*I*100*C*CHK************20261020~TRN*1*77*1999999999~N1*PR*PLAN*XV*99901~N1*PE*GROUP*XX*1234567893~REF*TJ*931234567~LX*1~";
    file("HP", "005010X221A1", &[&format!("{head}{body}")])
}

#[test]
fn files_at_hand_are_read_and_balance_as_known() {
    // name, claims, imbalances by level
    for (name, count, levels) in [
        ("own_era01_paid_and_deductible.835", 2, vec![]),
        ("own_era02_denials.835", 3, vec![]),
        ("own_era03_split_lines.835", 2, vec![]),
        ("own_odd05_bom.835", 1, vec![]),
        ("own_bad02_bpr_not_sum.835", 1, vec![balance::Level::Payment]),
        ("ext_dollars-and-data-sent-separate.835", 2, vec![]),
        ("ext_era-sample.835", 1, vec![]),
        ("ext_secondary-payments.835", 2, vec![]),
        ("ext_x12types_05.835", 1, vec![]),
        ("ext_x12types_06.835", 3, vec![]),
        ("ext_x12types_10.835", 1, vec![]),
        ("ext_x12types_12.835", 1, vec![]),
        ("ext_x12types_13.835", 1, vec![]),
        ("ext_x12types_36.835", 1, vec![]),
    ] {
        let Some(bytes) = shared(&format!("835/{name}")) else { return };
        let events = events(read(bytes.as_slice()));
        assert!(matches!(events.last(), Some(Event::Closed)), "{name}: {events:?}");
        assert_eq!(claims(&events).len(), count, "{name}");
        let found: Vec<_> = balanced(&events).iter().map(|one| one.level).collect();
        assert_eq!(found, levels, "{name}");
    }
}

#[test]
fn a_set_whose_count_is_wrong_is_refused_with_its_position() {
    let Some(bytes) = shared("835/own_bad03_se_count.835") else { return };
    let events = events(read(bytes.as_slice()));
    let Some(Event::Broken(fault)) = events.last() else { panic!("{events:?}") };
    assert_eq!((fault.segment, fault.element, fault.position.in_set), ("SE", 1, 21));
}

#[test]
fn a_payment_tells_who_pays_whom_how_much_and_when() {
    let events = events(read(set("CLP*C1*1*100*100~").as_bytes()));
    let Some(Event::Part(Part::Payment(payment))) = events.get(2) else { panic!("{events:?}") };
    assert_eq!((payment.amount, payment.number.as_str()), (Cents(10_000), "77"));
    assert_eq!(payment.paid_on, chrono::NaiveDate::from_ymd_opt(2026, 10, 20));
    assert_eq!((payment.payer.id.as_deref(), payment.payee.npi.as_deref()), (Some("99901"), Some("1234567893")));
    assert_eq!(payment.payee.tax_id.as_deref(), Some("931234567"));
}

#[test]
fn all_triplets_of_a_cas_are_read_with_their_quantities() {
    let cas = "CAS*CO*45*-40.5**253*1.64*2*144*15.86*****97*1~CAS*PR*3*20~";
    let events =
        events(read(set(&format!("CLP*C1*1*100*100~SVC*HC:90837:95:HO*100*100*0900*1.5*HC:90838*2~{cas}")).as_bytes()));
    let line = &claims(&events)[0].lines[0];
    let amounts: Vec<i64> = line.adjustments.iter().map(|one| one.amount.0).collect();
    assert_eq!(amounts, [-4050, 164, 1586, 100, 2000]);
    assert_eq!(line.adjustments[1].quantity, Quantity::parse("2"));
    assert_eq!(line.adjustments[4].group, AdjustmentGroup::PatientResponsibility);
    assert_eq!((line.units, line.procedure.modifiers.len()), (Quantity::parse("1.5"), 2));
    assert_eq!(line.submitted.as_ref().unwrap().code, "90838");
}

#[test]
fn a_reversal_and_the_provider_adjustments_balance() {
    let body = "CLP*C1*22*-150*-100*-20~CAS*CO*45*-30~CAS*PR*3*-20~CLP*C1*1*150*120*~CAS*CO*45*30~\
                PLB*1234567893*20261231*WO:C1*50*L6*-130~";
    let events = events(read(set(body).as_bytes()));
    assert_eq!(balanced(&events), []);
    assert_eq!(claims(&events)[0].status, Some(ClaimStatus::Reversal));
    let Some(Event::Part(Part::ProviderAdjustments(plb))) = events.get(5) else { panic!("{events:?}") };
    assert_eq!((plb.adjustments.len(), plb.adjustments[0].reference.as_deref()), (2, Some("C1")));
}

#[test]
fn every_equation_that_fails_is_told_with_its_place() {
    let events = events(read(set("CLP*C1*1*100*60~SVC*HC:90837*100*50~CAS*CO*45*30~").as_bytes()));
    let found = balanced(&events);
    let told: Vec<_> = found.iter().map(|one| (one.level, one.computed.0, one.paid.0)).collect();
    let expected = [
        (balance::Level::Line, 7000, 5000),
        (balance::Level::Claim, 7000, 6000),
        (balance::Level::Payment, 6000, 10_000),
    ];
    assert_eq!(told, expected);
    assert_eq!(found.iter().map(|one| one.position.in_set).collect::<Vec<_>>(), [9, 8, 2]);
}

#[test]
fn a_date_that_does_not_exist_is_noted_and_the_set_kept() {
    let events = events(read(set("CLP*C1*99*100*100~DTM*232*20230229~DTM*233*10010101~DTM*050*20260101~").as_bytes()));
    let claim = claims(&events)[0];
    assert_eq!((claim.status, claim.served_from, claim.received_on.is_some()), (None, None, true));
    let notes: Vec<String> = claim.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 3);
    assert!(notes[1].starts_with("DTM02 at segment 11 (9 of its set)"), "{notes:?}");
    assert!(matches!(events.last(), Some(Event::Closed)));
}

#[test]
fn what_is_needed_for_the_money_breaks_the_set_with_its_place() {
    for (body, segment, element) in [
        ("CLP*C1*1*1OO*100~", "CLP", 3),
        ("CLP*C1*1*100*~", "CLP", 4),
        ("CLP**1*100*100~", "CLP", 1),
        ("CLP*C1*1*100*100~CAS*XX*45*1~", "CAS", 1),
        ("CLP*C1*1*100*100~CAS*CO*45*1.005~", "CAS", 3),
        ("CLP*C1*1*100*100~CAS*CO~", "CAS", 2),
        ("CLP*C1*1*100*100~SVC*HC:90837*x*1~", "SVC", 2),
        ("CLP*C1*1*100*100~SVC**1*1~", "SVC", 1),
        ("CLP*C1*1*100*100~AMT*AU*~", "AMT", 2),
        ("SVC*HC:90837*1*1~", "SVC", 0),
        ("PLB*1*20261231*WO:C1*~", "PLB", 4),
        ("PLB*1*20261231~", "PLB", 3),
    ] {
        let events = events(read(set(body).as_bytes()));
        let Some(Event::Broken(fault)) = events.last() else { panic!("{body}") };
        assert_eq!((fault.segment, fault.element), (segment, element), "{body}");
        assert!(fault.position.in_set >= 8, "{body}");
    }
    for head in ["ST*835*1~", "ST*835*1~BPR*I*1*C~", "ST*835*1~TRN*1*2~", "ST*835*1~BPR*I*1*X~", "ST*837*1~"] {
        let events = events(read(file("HP", "005010X221A1", &[head]).as_bytes()));
        assert!(matches!(events.last(), Some(Event::Broken(_))), "{head}");
    }
}

#[test]
fn more_lines_than_a_claim_may_have_break_the_set() {
    let lines = "SVC*HC:90837*0*0~".repeat(1000);
    let events = events(read(set(&format!("CLP*C1*1*100*100~{lines}")).as_bytes()));
    assert!(matches!(events.last(), Some(Event::Broken(fault)) if fault.segment == "SVC"));
}

#[test]
fn debug_tells_no_people_references_or_dates() {
    let body = "CLP*C1*1*100*100**12*P1~NM1*QC*1*DOE*JANE****MI*W123~DTM*232*20260901~SVC*HC:90837*100*100~DTM*472*20260901~\
                PLB*1*20261231*WO:DOE*0~";
    let told = format!("{:?}", events(read(set(body).as_bytes())));
    for value in ["DOE", "JANE", "W123", "2026-09-01", "2026-12-31"] {
        assert!(!told.contains(value), "{value}: {told}");
    }
}

#[test]
fn a_header_tells_one_day_one_number_one_payer_and_one_payee() {
    let (bpr, trn) = ("BPR*I*100*C*CHK************20261020~", "TRN*1*77*1999999999~");
    let (payer, payee, claim) = ("N1*PR*PLAN~", "N1*PE*GROUP*XX*1234567893~", "CLP*C1*1*100*100~");
    for (segments, told) in [
        ([bpr, trn, payer, payee, claim, ""], None),
        ([bpr, trn, payee, payer, claim, ""], None),
        ([bpr, trn, payer, payee, "N1*ZZ*OTHER~", claim], None),
        ([bpr, trn, payee, claim, "", ""], Some("N1 at segment 7 (5 of its set)")),
        ([bpr, trn, payer, claim, "", ""], Some("N1 at segment 7 (5 of its set)")),
        ([bpr, trn, payer, payee, payee, claim], Some("N101 at segment 8 (6 of its set)")),
        ([bpr, trn, payer, payee, payer, claim], Some("N101 at segment 8 (6 of its set)")),
        ([bpr, trn, trn, payer, payee, claim], Some("TRN at segment 6 (4 of its set)")),
        (["BPR*I*100*C*CHK~", trn, payer, payee, claim, ""], Some("BPR16 at segment 4 (2 of its set)")),
    ] {
        let set = format!("ST*835*1~{}", segments.concat());
        let events = events(read(file("HP", "005010X221A1", &[&set]).as_bytes()));
        ends(&events, told, &segments.concat());
    }
}

#[test]
fn what_does_not_fit_into_a_segment_or_behind_the_provider_breaks_the_set() {
    let plb = "PLB*1*20261231*WO:C1*0~";
    let seven = "CAS*CO*1*1**2*1**3*1**4*1**5*1**6*1**";
    let triplets = format!("CLP*C1*1*100*100~{seven}~");
    let pairs = "PLB*1*20261231*1*1*2*1*3*1*4*1*5*1*6*1";
    for (body, told) in [
        (format!("{plb}{plb}"), None),
        (triplets.clone(), None),
        (triplets.replace("**~", "***~"), None),
        (triplets.replace("**~", "**7*1~"), Some("CAS20 at segment 11")),
        (format!("{pairs}~"), None),
        (format!("{pairs}*7*1~"), Some("PLB15 at segment 10")),
        (format!("{plb}CLP*C1*1*100*100~"), Some("CLP at segment 11")),
        (format!("{plb}LX*2~"), Some("LX at segment 11")),
        ("CLP*C1*1*100000000*100~".to_owned(), Some("CLP03 at segment 10 (8 of its set)")),
    ] {
        let events = events(read(set(&body).as_bytes()));
        ends(&events, told, &body);
    }
}
