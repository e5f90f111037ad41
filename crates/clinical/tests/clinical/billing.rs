//! What a claim is drafted from.

use clinical::billing::{self, Neighbours, SameDay};
use clinical::network_status::Participation;
use therapy_claims::clinical::v1 as pb;
use therapy_claims::clinical::v1::therapist_service_server::TherapistService;

use crate::stage::{Stage, coverage, date, ok, session, therapist};

#[tokio::test]
async fn the_facts_of_a_session_are_complete() {
    let stage = Stage::new().await;
    let supervisor = stage.therapist("1234567893").await;
    let supervised = pb::Therapist { supervisor_id: supervisor.id.clone(), ..therapist("1679576722") };
    let request = pb::CreateTherapistRequest { therapist: Some(supervised), ..Default::default() };
    let renders =
        ok(stage.therapists.create_therapist(stage.admin.call("TherapistService/CreateTherapist", request)).await);
    let patient = stage.patient().await;
    for year in [2025, 2026] {
        let span = coverage(&patient.id, "W1", date(year, 1, 1), date(year, 12, 31));
        stage.coverage(span).await.unwrap();
        for (payer, therapist) in [("AETNA", &renders.id), ("CIGNA", &renders.id), ("AETNA", &supervisor.id)] {
            let status = pb::NetworkStatus {
                therapist_id: therapist.clone(),
                payer_id: payer.to_owned(),
                status: pb::NetworkParticipation::InNetwork.into(),
                effective_from: date(year, 1, 1),
                ..Default::default()
            };
            let request = pb::SetNetworkStatusRequest { network_status: Some(status), ..Default::default() };
            let call = stage.admin.call("TherapistService/SetNetworkStatus", request);
            ok(stage.therapists.set_network_status(call).await);
        }
    }
    // some of the same day, others of which each is out of question for one reason, and evaluations of long ago
    let plain = session(&renders.id, &patient.id);
    let stranger = stage.patient().await;
    let mut same = Vec::new();
    for twin in [
        plain.clone(),
        pb::Session { cpt_code: "90834".to_owned(), ..plain.clone() },
        pb::Session { session_date: date(2026, 3, 17), ..plain.clone() },
        pb::Session { therapist_id: supervisor.id.clone(), ..plain.clone() },
        pb::Session { self_pay: true, ..plain.clone() },
        pb::Session { cpt_code: "90791".to_owned(), session_date: date(2025, 12, 1), ..plain.clone() },
        pb::Session {
            cpt_code: "90792".to_owned(),
            therapist_id: supervisor.id.clone(),
            session_date: date(2026, 1, 9),
            ..plain.clone()
        },
        pb::Session { cpt_code: "90791".to_owned(), session_date: date(2026, 4, 1), ..plain.clone() },
        pb::Session { cpt_code: "90791".to_owned(), session_date: date(2026, 2, 1), self_pay: true, ..plain.clone() },
        pb::Session {
            cpt_code: "90791".to_owned(),
            patient_id: stranger.id.clone(),
            session_date: date(2026, 2, 1),
            ..plain.clone()
        },
    ] {
        let booked = stage.schedule(twin).await;
        stage.complete(&booked.id).await.unwrap();
        same.push(booked.id);
    }
    stage.schedule(plain.clone()).await;
    let booked = stage.schedule(plain.clone()).await;
    stage.complete(&booked.id).await.unwrap();
    let facts = stage.claims.drafted.lock().unwrap().pop().unwrap();
    assert_eq!(facts.session.id.to_string(), booked.id);
    assert_eq!(facts.session.version, 2);
    assert_eq!(facts.therapist.id.to_string(), renders.id);
    assert_eq!(facts.supervisor.as_ref().unwrap().id.to_string(), supervisor.id);
    assert_eq!(facts.patient.id.to_string(), patient.id);
    assert_eq!((facts.practice.id, &*facts.practice.name), (stage.practice, "Harbor Therapy"));
    assert_eq!(
        facts.coverages.iter().map(|c| c.effective_from.to_string()).collect::<Vec<_>>(),
        ["2025-01-01", "2026-01-01"]
    );
    let payers: Vec<_> = facts.network_statuses.iter().map(|s| (&*s.payer_id, s.status)).collect();
    assert_eq!(payers, [("AETNA", Participation::InNetwork), ("CIGNA", Participation::InNetwork)]);
    let of_day = |at: usize, code: &str| SameDay { id: same[at].parse().unwrap(), cpt_code: code.to_owned() };
    assert_eq!(facts.neighbours.same_day, [of_day(0, "90837"), of_day(1, "90834")]);
    assert_eq!(facts.neighbours.last_evaluation_on, None, "nobody asks for them here");
    let shown = format!("{facts:?}");
    assert!(!shown.contains("Quill") && !shown.contains("F41"), "{shown}");
    // a later look at the stored row sees the same
    let scope = stage.admin.scope("ClaimService/ValidateClaim");
    let id = booked.id.parse().unwrap();
    let again = stage.db.read_one(&scope, async |tx| billing::read(tx, id).await).await.unwrap();
    assert_eq!((again.session.version, again.neighbours), (2, facts.neighbours));

    // an evaluation of the same day looks back, to whoever held the last one
    let evaluation = stage.schedule(pb::Session { cpt_code: "90791".to_owned(), ..plain }).await;
    stage.complete(&evaluation.id).await.unwrap();
    let facts = stage.claims.drafted.lock().unwrap().pop().unwrap();
    let expected = Neighbours {
        same_day: vec![of_day(0, "90837"), of_day(1, "90834"), SameDay { id, cpt_code: "90837".to_owned() }],
        last_evaluation_on: chrono::NaiveDate::from_ymd_opt(2026, 1, 9),
    };
    assert_eq!(facts.neighbours, expected);
    let ids = [id, facts.session.id];
    let mut many = stage.db.read_one(&scope, async |tx| billing::read_many(tx, &ids).await).await.unwrap();
    assert_eq!(many.remove(&facts.session.id).unwrap().neighbours, expected);
    assert_eq!(many.remove(&id).unwrap().neighbours.last_evaluation_on, None);
}
