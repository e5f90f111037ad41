//! What other sessions and claims of the same patient have to do with what is billed.

use therapy_claims::claims::v1 as pb;
use therapy_claims::clinical::v1 as clinical_pb;

use crate::world::{World, codes};

const HELD: &str = "status = 'completed', completed_at = now()";

/// The claim of a session of that procedure on the service day.
async fn billed(world: &World, columns: &str) -> pb::Claim {
    let session = world.add_session(&format!("{HELD}, {columns}")).await;
    world.create(session).await.unwrap()
}

async fn found(world: &World, claim: &pb::Claim) -> Vec<String> {
    let findings = world.validate_as(&world.billing, &claim.id).await.unwrap().findings;
    findings.into_iter().map(|finding| finding.code).collect()
}

#[tokio::test]
async fn what_another_claim_of_the_day_excludes_is_found() {
    let world = World::new().await;
    let therapy = billed(&world, "cpt_code = '90837'").await;
    let crisis = billed(&world, "cpt_code = '90839'").await;
    assert_eq!(codes(&crisis), ["CODE_PAIR_CONFLICT"]);
    assert_eq!(found(&world, &therapy).await, ["CODE_PAIR_CONFLICT"], "both ways");
    // a claim that was given up excludes nothing
    world.cancel(&therapy.id).await.unwrap();
    assert_eq!(found(&world, &crisis).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_goes_well_together_or_is_of_another_day_or_therapist_is_not_found() {
    let world = World::new().await;
    billed(&world, "cpt_code = '90837'").await;
    assert_eq!(codes(&billed(&world, "cpt_code = '90853'").await), Vec::<&str>::new(), "a group");
    let next_day = billed(&world, "cpt_code = '90839', session_date = '2026-03-17'").await;
    assert_eq!(codes(&next_day), Vec::<&str>::new());
    let other = world.add_therapist("1588667638").await;
    let by_other = billed(&world, &format!("cpt_code = '90839', therapist_id = '{other}'")).await;
    assert_eq!(codes(&by_other), Vec::<&str>::new());
}

#[tokio::test]
async fn individual_and_family_therapy_of_one_day_want_a_modifier() {
    let world = World::new().await;
    billed(&world, "cpt_code = '90837'").await;
    let family = billed(&world, "cpt_code = '90847'").await;
    assert_eq!(codes(&family), ["PSYTX_FAMILY_SAME_DAY"]);
    let distinct = billed(&world, "cpt_code = '90846', modifiers = '[\"95\", \"59\"]'").await;
    assert_eq!(codes(&distinct), Vec::<&str>::new());
}

#[tokio::test]
async fn an_evaluation_within_the_window_of_another_is_found() {
    for (last, expected) in [
        ("session_date = '2026-01-10'", &["EVAL_REPEAT"][..]),
        ("session_date = '2025-09-17'", &["EVAL_REPEAT"]),
        ("session_date = '2025-09-16'", &[]),
        ("session_date = '2026-01-10', self_pay = true", &[]),
    ] {
        let world = World::new().await;
        world.add_session(&format!("{HELD}, cpt_code = '90792', {last}")).await;
        // completing it tells at once
        let session = world.add_session("cpt_code = '90791'").await;
        let draft: clinical_pb::ClaimDraft = world.complete(session).await.unwrap().claim.unwrap();
        let codes: Vec<&str> = draft.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, expected, "{last}");
        let therapy = billed(&world, "cpt_code = '90834', duration_minutes = 45, session_date = '2026-03-18'").await;
        assert_eq!(crate::world::codes(&therapy), Vec::<&str>::new(), "no evaluation itself");
    }
}

#[tokio::test]
async fn a_part_2_record_is_blocked_and_says_what_to_do() {
    let world = World::new().await;
    let claim = billed(&world, "part2 = true").await;
    assert_eq!(codes(&claim), ["PART2_CONSENT"]);
    let message = &claim.findings[0].message;
    assert!(message.contains("cancel the claim and bill it outside"), "{message}");
    assert_eq!(codes(&billed(&world, "session_date = '2026-03-17'").await), Vec::<&str>::new());
}
