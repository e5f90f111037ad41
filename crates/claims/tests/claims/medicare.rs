//! Claims to Medicare after another payer: they say why, and don't leave before somebody did.

use therapy_claims::claims::v1 as pb;
use therapy_claims::clinical::v1::MedicareSecondaryReason as Reason;
use therapy_claims::common::v1::ClaimStatus;

use crate::desk::{Desk, paid};
use crate::following::paid_with_next;
use crate::upstream::change;
use crate::world::{assert_stands, codes, fact};

/// A draft to Medicare, which is the second payer, with nothing said of why.
async fn second(desk: &Desk) -> pb::Claim {
    let first = paid_with_next(desk).await;
    let medicare = format!(
        "UPDATE clinical.coverages SET filing_indicator = 'MB' WHERE patient_id = '{}' AND sequence = 'secondary'",
        first.patient_id
    );
    desk.world.run(&medicare).await;
    desk.world.bill_next(&first.id).await.unwrap()
}

async fn say(desk: &Desk, claim: &pb::Claim, reason: Reason) {
    let set = |coverage: &mut therapy_claims::clinical::v1::Coverage| coverage.set_medicare_secondary_reason(reason);
    change(&desk.world, claim, &["medicare_secondary_reason"], set).await.unwrap();
}

async fn send(desk: &Desk, claim: &pb::Claim) {
    desk.world.mark_ready(&claim.id, &[]).await.unwrap();
    desk.world.submit(&claim.id).await.unwrap();
}

/// How the claim's file and its typed form tell of the payers: the billed one first, then those before it.
async fn told(desk: &Desk, claim: &pb::Claim) -> (Vec<String>, Reason) {
    for batch in desk.write_files(Default::default()).await.unwrap().batches {
        let read = desk.read_file(&batch.id, pb::SubmissionBatchView::Full).await.unwrap();
        let Some(typed) = read.claims.iter().find(|typed| typed.claim_id == claim.id) else { continue };
        let file = String::from_utf8(read.content).unwrap();
        let own = file.split("~HL*").find(|part| part.contains(&format!("~CLM*{}*", claim.claim_number))).unwrap();
        let payers = own.split('~').filter(|segment| segment.starts_with("SBR*")).map(str::to_owned).collect();
        return (payers, typed.coverage.as_ref().unwrap().medicare_secondary_reason());
    }
    panic!("in no file")
}

#[tokio::test]
async fn medicare_is_not_asked_second_before_somebody_said_why() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let second = second(&desk).await;
    assert_eq!(codes(&second), ["MEDICARE_SECONDARY_REASON"]);
    let refused = world.mark_ready(&second.id, &[]).await.unwrap_err();
    assert_eq!(fact(&refused, "finding_codes"), "MEDICARE_SECONDARY_REASON");
    say(&desk, &second, Reason::WorkingAged).await;
    world.mark_ready(&second.id, &[]).await.unwrap();
    // another reason is another claim than the one that was found ready
    say(&desk, &second, Reason::Disabled).await;
    let after = world.get(&second.id).await.unwrap();
    assert_stands(&after, ClaimStatus::Draft, pb::PayerState::None);
    assert_eq!(codes(&after), ["SNAPSHOT_STALE"]);
    send(&desk, &second).await;
    let (payers, reason) = told(&desk, &second).await;
    assert_eq!(payers, ["SBR*S*18*GRP100**43****MB", "SBR*P*18*GRP100******CI"]);
    assert_eq!(reason, Reason::Disabled);
}

#[tokio::test]
async fn a_third_payer_is_told_why_medicare_was_the_second() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let second = second(&desk).await;
    say(&desk, &second, Reason::WorkersCompensation).await;
    send(&desk, &second).await;
    desk.effect(&second, "835 of Medicare", paid()).await;
    // what was told is kept with the claim, whatever the coverage says by now
    say(&desk, &second, Reason::BlackLung).await;
    world.add_coverage(second.patient_id.parse().unwrap(), "99902", "tertiary").await;
    let third = world.bill_next(&second.id).await.unwrap();
    assert_eq!(codes(&third), [] as [&str; 0]);
    send(&desk, &third).await;
    let (payers, reason) = told(&desk, &third).await;
    let expected = ["SBR*T*18*GRP100******BL", "SBR*P*18*GRP100******CI", "SBR*S*18*GRP100**15****MB"];
    assert_eq!((payers, reason), (expected.map(str::to_owned).to_vec(), Reason::Unspecified));
}

#[tokio::test]
async fn a_reason_is_told_nobody_where_medicare_is_first_or_not_asked() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let draft = world.draft().await;
    let medicare = format!("UPDATE clinical.coverages SET filing_indicator = 'MB' WHERE id = '{}'", draft.coverage_id);
    world.run(&medicare).await;
    say(&desk, &draft, Reason::Disabled).await;
    send(&desk, &draft).await;
    assert_eq!(told(&desk, &draft).await, (vec!["SBR*P*18*GRP100******MB".to_owned()], Reason::Unspecified));
    assert_eq!(codes(&world.get(&draft.id).await.unwrap()), [] as [&str; 0]);

    let first = paid_with_next(&desk).await;
    let second = world.bill_next(&first.id).await.unwrap();
    say(&desk, &second, Reason::Disabled).await;
    send(&desk, &second).await;
    let (payers, reason) = told(&desk, &second).await;
    assert_eq!((payers[0].as_str(), reason), ("SBR*S*18*GRP100******BL", Reason::Unspecified));
}

#[tokio::test]
async fn a_replacement_goes_to_medicare_in_the_turn_that_its_original_had() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let second = second(&desk).await;
    say(&desk, &second, Reason::NoFault).await;
    send(&desk, &second).await;
    desk.effect(&second, "835 of Medicare", paid()).await;
    // the other plan ended before the service, as is found out later
    let moved = format!(
        "UPDATE clinical.coverages SET effective_to = '2026-02-28' WHERE patient_id = '{0}' AND sequence = 'primary'; \
         UPDATE clinical.coverages SET sequence = 'primary' WHERE patient_id = '{0}' AND sequence = 'secondary'",
        second.patient_id
    );
    world.run(&moved).await;
    let replacement = world.replace(&second.id).await.unwrap();
    assert_eq!(codes(&replacement), [] as [&str; 0]);
    send(&desk, &replacement).await;
    assert_eq!(told(&desk, &replacement).await.0[0], "SBR*S*18*GRP100**14****MB");
}
