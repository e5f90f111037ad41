//! Sound books pass; each kind of mistake is found.

use std::sync::Arc;

use therapy_claims::common::v1::{Finding, FindingSource};

use super::*;
use crate::workload::make::{Defect, Sequel};

fn event(position: i64, version: i64, from: ClaimStatus, to: ClaimStatus) -> claims::ClaimEvent {
    let state = if to == ClaimStatus::Paid { claims::PayerState::PaidPartial } else { claims::PayerState::None };
    claims::ClaimEvent {
        position,
        previous_position: position - 1,
        claim_id: "c1".into(),
        claim_version: version,
        r#type: if version == 1 { claims::ClaimEventType::Drafted } else { claims::ClaimEventType::Edited }.into(),
        from_status: from.into(),
        to_status: to.into(),
        payer_state: state.into(),
        ..Default::default()
    }
}

/// A session that was paid, one that the patient paid, and one that is booked.
pub(in crate::verify) fn sound() -> Books {
    let session = |id: &str, status: clinical::SessionStatus, self_pay| clinical::Session {
        id: id.into(),
        status: status.into(),
        self_pay,
        ..Default::default()
    };
    let claim = claims::Claim {
        id: "c1".into(),
        session_id: "s1".into(),
        status: ClaimStatus::Paid.into(),
        payer_state: claims::PayerState::PaidPartial.into(),
        disposition: claims::Disposition::Active.into(),
        charge_amount: "150.00".into(),
        paid_amount: "100.00".into(),
        adjusted_amount: "30.00".into(),
        patient_responsibility_amount: "20.00".into(),
        copay_amount: "15.00".into(),
        lines: vec![claims::ClaimLine { charge_amount: "150.00".into(), ..Default::default() }],
        ..Default::default()
    };
    let events = vec![
        event(1, 1, ClaimStatus::Unspecified, ClaimStatus::Draft),
        event(2, 2, ClaimStatus::Draft, ClaimStatus::Ready),
        event(3, 3, ClaimStatus::Ready, ClaimStatus::Submitted),
        event(4, 4, ClaimStatus::Submitted, ClaimStatus::Paid),
    ];
    Books {
        sessions: vec![
            session("s1", clinical::SessionStatus::Completed, false),
            session("s2", clinical::SessionStatus::Completed, true),
            session("s3", clinical::SessionStatus::Scheduled, false),
        ],
        claims: vec![claim],
        listed: BTreeMap::from([(ClaimStatus::Paid.into(), 1)]),
        head: 4,
        timelines: HashMap::from([("c1".to_owned(), events.clone())]),
        events,
    }
}

#[test]
fn sound_books_pass() {
    assert_eq!(books(&sound()), Vec::<String>::new());
}

#[test]
fn every_mistake_is_found() {
    type Spoil = fn(&mut Books);
    let mistakes: [(&str, Spoil); 14] = [
        ("session s1 has 0 active claims", |b| b.claims[0].disposition = claims::Disposition::Cancelled.into()),
        ("session s2 has 1 active claims", |b| b.claims[0].session_id = "s2".into()),
        ("which is not listed", |b| b.claims[0].session_id = "s9".into()),
        ("a list of them answers 2", |b| *b.listed.get_mut(&ClaimStatus::Paid.into()).unwrap() = 2),
        ("than its lines", |b| b.claims[0].lines[0].charge_amount = "149.99".into()),
        ("with charge 150.00, paid 100.01", |b| b.claims[0].paid_amount = "100.01".into()),
        ("an amount that is none", |b| b.claims[0].paid_amount = "lots".into()),
        ("event 3 of the feed is missing", |b| drop(b.events.remove(2))),
        ("the feed ends at 4", |b| b.head = 5),
        ("is empty", |b| b.timelines.clear()),
        ("does not begin with the draft", |b| drop(b.timelines.get_mut("c1").unwrap().remove(0))),
        ("does not end where", |b| drop(b.timelines.get_mut("c1").unwrap().pop())),
        ("has a gap", |b| drop(b.timelines.get_mut("c1").unwrap().remove(1))),
        ("is out of order", |b| b.timelines.get_mut("c1").unwrap()[1].claim_version = 1),
    ];
    for (expected, spoil) in mistakes {
        let mut spoilt = sound();
        spoil(&mut spoilt);
        let found = books(&spoilt);
        assert!(found.iter().any(|line| line.contains(expected)), "{expected}: {found:#?}");
    }
}

#[test]
fn defects_must_be_found_and_nothing_else() {
    let mut books = sound();
    let outcome = |defect| Outcome {
        practice_id: "p".into(),
        session_id: "s1".into(),
        claim_id: Some("c1".into()),
        sequel: Sequel::Usual,
        defect,
    };
    let note =
        |code: &str, source: FindingSource| Finding { code: code.into(), source: source.into(), ..Default::default() };
    assert_eq!(findings(&books, &[outcome(None)]), Vec::<String>::new());
    assert_eq!(findings(&books, &[outcome(Some(Defect::NoNpi))]).len(), 1);
    books.claims[0].findings = vec![note("NPI_RENDERING_MISSING", FindingSource::Local)];
    assert_eq!(findings(&books, &[outcome(Some(Defect::NoNpi))]), Vec::<String>::new());
    assert_eq!(findings(&books, &[outcome(None)]).len(), 1);
    // what the payer said is no mistake of ours
    books.claims[0].findings = vec![note("A7:562", FindingSource::Payer)];
    assert_eq!(findings(&books, &[outcome(None)]), Vec::<String>::new());
    assert_eq!(findings(&books, &[Outcome { claim_id: None, ..outcome(Some(Defect::NoNpi)) }]).len(), 1);
}

#[test]
fn a_call_without_its_entry_is_noticed() {
    let method = |path| therapy_claims::method(path).unwrap();
    let made = |path, request_id: &str| Made {
        practice_id: Arc::from("p1"),
        method: method(path),
        request_id: request_id.into(),
    };
    const GET: &str = "/therapy.clinical.v1.PatientService/GetPatient";
    const LIST: &str = "/therapy.claims.v1.PayerService/ListPayers";
    let calls = [made(GET, "r1"), made(GET, "r2"), made(LIST, "r3")];
    let entry = |position, request_id: &str| audit::AuditEntry {
        position,
        method: GET.into(),
        request_id: request_id.into(),
        ..Default::default()
    };
    assert_eq!(audited("p1", &calls, &[entry(2, "r2"), entry(1, "r1")]), Vec::<String>::new());
    assert_eq!(audited("p1", &calls, &[entry(1, "r1")]).len(), 1);
    assert_eq!(audited("p2", &calls, &[]), Vec::<String>::new());
    assert_eq!(unbroken(&[entry(3, "a"), entry(2, "b")]), Vec::<String>::new());
    assert_eq!(unbroken(&[entry(3, "a"), entry(1, "b")]).len(), 1);
}
