use claims::codes::Kind;
use claims::payer::Payers;
use claims::rules::MemberIdPattern;
use schema::Db;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::report_payer_response_request::Response as Answer;

use crate::desk::{Desk, adjustment, report};
use crate::world::World;

/// A payer that changed its mind on New Year's Day.
const PAYER: &str = r#"[{"payer_id": "99901", "name": "Sample Health Plan", "filing_indicator": "CI", "valid_from": "2020-01-01",
  "profiles": [
    {"valid_from": "2020-01-01", "valid_to": "2025-12-31", "timely_filing_days": 180},
    {"valid_from": "2026-01-01", "telehealth_pos": "10", "audio_modifier": "93", "in_network_only": true,
     "takes_replacements": false, "needs_zip4": false, "wants_taxonomy": true, "wants_supervisor": true,
     "forbids_telehealth_in_office": true, "member_id_pattern": "W[0-9]{9}", "authorization_codes": ["90837"],
     "unit_caps": {"96127": 4}, "evaluation_months": 12}]}]"#;

fn read(world: &World) -> Db {
    Db::new(&world.db().url_as("claims_app"), 1).unwrap()
}

#[tokio::test]
async fn the_terms_of_a_payer_are_those_of_the_day() {
    let world = World::new().await;
    world.run(&format!("SELECT claims.payers_load('{PAYER}')")).await;
    let list = Payers::new(read(&world)).list().await.unwrap();
    let payer = list.get("99901").unwrap();
    let old = payer.terms_on("2025-12-31".parse().unwrap());
    assert_eq!((old.timely_filing_days, old.in_network_only, old.takes_replacements), (Some(180), false, true));
    assert_eq!((old.evaluation_months, old.needs_zip4, &old.member_id), (6, true, &None));
    let new = payer.terms_on("2026-01-01".parse().unwrap());
    assert_eq!((new.timely_filing_days, new.evaluation_months), (Some(90), 12));
    assert!(new.in_network_only && new.wants_taxonomy && new.wants_supervisor && new.forbids_telehealth_in_office);
    assert!(!new.takes_replacements && !new.needs_zip4);
    assert_eq!((new.telehealth_pos.as_deref(), new.audio_modifier.as_deref()), (Some("10"), Some("93")));
    assert_eq!(new.member_id, Some(MemberIdPattern::new("W[0-9]{9}").unwrap()));
    assert_eq!((&new.authorized_codes, &new.unit_caps), (&vec!["90837".to_owned()], &vec![("96127".to_owned(), 4)]));
}

#[tokio::test]
async fn a_payer_loaded_again_has_the_profiles_of_the_file_only() {
    let world = World::new().await;
    world.run(&format!("SELECT claims.payers_load('{PAYER}')")).await;
    world.run(&format!("SELECT claims.payers_load('{}')", PAYER.replace("2026-01-01", "2026-07-01"))).await;
    let list = Payers::new(read(&world)).list().await.unwrap();
    let payer = list.get("99901").unwrap();
    assert!(payer.profile_on("2026-06-30".parse().unwrap()).is_none());
    assert!(payer.profile_on("2026-07-01".parse().unwrap()).is_some());
}

#[tokio::test]
async fn the_newest_release_of_a_table_is_used_and_told() {
    let world = World::new().await;
    let payers = Payers::new(read(&world));
    let bare = payers.list().await.unwrap();
    assert!(!bare.codes.has(Kind::UnitCaps));
    for units in [3, 4] {
        world
            .run(&format!(
                "INSERT INTO claims.reference_releases (kind, name, row_count, file_hash, content) \
                 VALUES ('unit_caps', 'of {units}', 1, sha256('{units}'), E'code,units\\n96127,{units}')"
            ))
            .await;
    }
    assert!(!payers.list().await.unwrap().codes.has(Kind::UnitCaps), "a list is used until it is read anew");
    let list = payers.refresh().await.unwrap();
    assert_eq!(list.codes.unit_cap("96127", "2026-03-16".parse().unwrap()), Some(4));
    assert_eq!(*list.codes.version(), format!("{}+r2", bare.codes.version()));
    assert!(payers.list().await.unwrap().codes.has(Kind::UnitCaps));
}

#[tokio::test]
async fn an_answer_is_judged_by_the_adjustment_classes_that_are_loaded() {
    let desk = Desk::new().await;
    let nothing_paid = || {
        Answer::Paid(pb::PayerPaid {
            paid_amount: "0.00".into(),
            patient_responsibility_amount: "0.00".into(),
            paid_on: Some((2026, 3, 20).into()),
            adjustments: vec![adjustment(pb::AdjustmentGroup::Contractual, "45", "150.00")],
            ..Default::default()
        })
    };
    let (before, _) = desk.submitted().await;
    desk.report(report(&before, "835-1", nothing_paid())).await.unwrap();
    assert_eq!(desk.world.get(&before.id).await.unwrap().payer_state(), pb::PayerState::PaidZeroContractual);
    desk.world
        .run(
            "INSERT INTO claims.reference_releases (kind, name, row_count, file_hash, content) \
             VALUES ('adjustment_reasons', 'of a test', 1, sha256('45'), E'code,class\\n45,appeal')",
        )
        .await;
    desk.world.payers.refresh().await.unwrap();
    let (after, _) = desk.submitted().await;
    desk.report(report(&after, "835-2", nothing_paid())).await.unwrap();
    assert_eq!(desk.world.get(&after.id).await.unwrap().payer_state(), pb::PayerState::DeniedAppealable);
}
