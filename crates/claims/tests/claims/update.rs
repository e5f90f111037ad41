use therapy_claims::claims::v1 as pb;
use therapy_claims::clinical::v1::PayerSequence;
use therapy_claims::common::v1::ClaimStatus;
use tonic::Code;

use crate::world::{World, assert_stands, bad_fields, codes, refusal};

#[tokio::test]
async fn a_draft_is_edited_and_judged_anew() {
    let world = World::new().await;
    let draft = world.draft().await;
    let mut changed = pb::Claim { prior_authorization: " AUTH1 ".into(), copay_amount: "30".into(), ..draft.clone() };
    changed.diagnosis_codes = vec!["f33.1".into()];
    changed.lines[0].charge_amount = "120.00".into();
    changed.lines.push(pb::ClaimLine {
        cpt_code: "90785".into(),
        charge_amount: "15.50".into(),
        ..changed.lines[0].clone()
    });
    let edited = world.update(changed, &["*"]).await.unwrap();
    assert_eq!(edited.prior_authorization, "AUTH1");
    assert_eq!((edited.copay_amount.as_str(), edited.charge_amount.as_str()), ("30.00", "135.50"));
    assert_eq!(edited.diagnosis_codes, ["F33.1"]);
    let lines: Vec<_> = edited.lines.iter().map(|l| (l.line_number, l.cpt_code.as_str())).collect();
    assert_eq!(lines, [(1, "90837"), (2, "90785")]);
    assert!(codes(&edited).contains(&"DX_POINTER"), "pointers still name a second diagnosis: {:?}", codes(&edited));
    assert_stands(&edited, ClaimStatus::Draft, pb::PayerState::ValidationFailed);
    assert_eq!(edited.etag, "2");
    assert_eq!(world.get(&draft.id).await.unwrap(), edited);

    let shorter =
        pb::Claim { lines: vec![draft.lines[0].clone()], diagnosis_codes: draft.diagnosis_codes.clone(), ..edited };
    let mended = world.update(shorter, &["lines", "diagnosis_codes"]).await.unwrap();
    assert_stands(&mended, ClaimStatus::Draft, pb::PayerState::None);
    assert_eq!((codes(&mended).len(), mended.lines.len()), (0, 1));
    let events = world.timeline(&draft.id).await;
    assert!(events[1..].iter().all(|event| event.r#type() == pb::ClaimEventType::Edited));
    assert!(events[1].reason_codes.contains(&"DX_POINTER".to_owned()));
}

#[tokio::test]
async fn only_what_the_mask_names_is_changed() {
    let world = World::new().await;
    let draft = world.draft().await;
    let other = pb::Claim {
        prior_authorization: "AUTH1".into(),
        copay_amount: "nonsense".into(),
        claim_number: "AAAAAAAAAAAA".into(),
        lines: vec![],
        ..draft.clone()
    };
    let edited = world.update(other, &["prior_authorization"]).await.unwrap();
    let expected =
        pb::Claim { prior_authorization: "AUTH1".into(), etag: "2".into(), updated_at: edited.updated_at, ..draft };
    assert_eq!(edited, expected);
}

#[tokio::test]
async fn a_ready_claim_goes_back_to_draft() {
    let world = World::new().await;
    let ready = world.ready().await;
    let edited = world.update(pb::Claim { copay_amount: "5".into(), ..ready }, &["copay_amount"]).await.unwrap();
    assert_stands(&edited, ClaimStatus::Draft, pb::PayerState::None);
    assert_eq!(world.ask(&format!("SELECT snapshot FROM claims.claims WHERE id = '{}'", edited.id)).await, "");
    assert_eq!(refusal(world.submit(&edited.id).await).1, "CLAIM_INVALID_TRANSITION");
}

#[tokio::test]
async fn the_etag_is_required_and_must_match() {
    let world = World::new().await;
    let draft = world.draft().await;
    let blind = pb::Claim { etag: String::new(), copay_amount: "x".into(), ..draft.clone() };
    let refused = world.update(blind, &["copay_amount", "claim_number"]).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(bad_fields(&refused), ["update_mask.paths[1]", "claim.etag", "claim.copay_amount"]);
    world.update(pb::Claim { copay_amount: "5".into(), ..draft.clone() }, &["copay_amount"]).await.unwrap();
    let stale = world.update(pb::Claim { copay_amount: "6".into(), ..draft.clone() }, &["copay_amount"]).await;
    assert_eq!(refusal(stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    assert_eq!(world.get(&draft.id).await.unwrap().copay_amount, "5.00");
}

#[tokio::test]
async fn every_bad_field_of_a_line_is_named() {
    let world = World::new().await;
    let mut draft = world.draft().await;
    draft.lines[0] = pb::ClaimLine {
        cpt_code: String::new(),
        charge_amount: "-1".into(),
        units: -1,
        modifiers: vec!["95X".into()],
        duration_minutes: 5000,
        ..draft.lines[0].clone()
    };
    let refused = world.update(draft, &["lines"]).await.unwrap_err();
    let fields = bad_fields(&refused);
    for field in ["cpt_code", "charge_amount", "units", "modifiers[0]", "duration_minutes"] {
        assert!(fields.contains(&format!("claim.lines[0].{field}")), "{field} in {fields:?}");
    }
}

#[tokio::test]
async fn another_coverage_is_another_payer_and_turn() {
    let world = World::new().await;
    let draft = world.draft().await;
    let patient = draft.patient_id.parse().unwrap();
    let secondary = world.add_coverage(patient, "99902", "secondary").await;
    let moved = pb::Claim { coverage_id: secondary.to_string(), ..draft.clone() };
    let moved = world.update(moved, &["coverage_id"]).await.unwrap();
    assert_eq!((moved.payer_id.as_str(), moved.payer_sequence()), ("99902", PayerSequence::Secondary));
    // a coverage of somebody else is none
    let foreign = pb::Claim { coverage_id: world.coverage.to_string(), ..moved.clone() };
    assert_eq!(refusal(world.update(foreign, &["coverage_id"]).await), (Code::NotFound, "NOT_FOUND".to_owned()));

    // the turn may be taken by another active claim of the session
    world.run("UPDATE claims.claims SET disposition = 'cancelled'").await;
    let first = world.create(draft.session_id.parse().unwrap()).await.unwrap();
    world.run("UPDATE claims.claims SET disposition = 'active'").await;
    let back = pb::Claim { coverage_id: first.coverage_id.clone(), ..moved.clone() };
    assert_eq!(
        refusal(world.update(back.clone(), &["coverage_id"]).await),
        (Code::AlreadyExists, "SESSION_ALREADY_BILLED".to_owned())
    );
    assert_eq!(
        refusal(world.update(back, &["coverage_id", "lines"]).await),
        (Code::AlreadyExists, "SESSION_ALREADY_BILLED".to_owned())
    );
    assert_eq!(world.get(&moved.id).await.unwrap(), moved);
}
