//! The queue of what a remittance could not post by itself: matching, taking a match back, dismissing.

use kernel::Role;
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::remittance_service_server::RemittanceService;
use therapy_claims::common::v1::ClaimStatus;
use tonic::{Code, Status};

use crate::desk::{Desk, paid, report};
use crate::ingest::{Paid, REVERSED, USUAL, clp, only, remittance, x835};
use crate::world::{body, fact, refusal, request_id};

impl Desk {
    pub(crate) async fn told(&self, request: pb::ListRemittanceClaimsRequest) -> Vec<pb::RemittanceClaim> {
        let call = self.world.billing.call("RemittanceService/ListRemittanceClaims", request);
        body(self.world.remittances.list_remittance_claims(call).await).unwrap().remittance_claims
    }

    /// What waits for a person.
    pub(crate) async fn queue(&self) -> Vec<pb::RemittanceClaim> {
        self.told(pb::ListRemittanceClaimsRequest { only_open: true, page_size: 500, ..Default::default() }).await
    }

    pub(crate) async fn match_it(
        &self,
        request: pb::MatchRemittanceClaimRequest,
    ) -> Result<pb::RemittanceClaim, Status> {
        let call = self.world.billing.call("RemittanceService/MatchRemittanceClaim", request);
        body(self.world.remittances.match_remittance_claim(call).await)
    }

    pub(crate) async fn unmatch(&self, id: &str) -> Result<pb::RemittanceClaim, Status> {
        let request = pb::UnmatchRemittanceClaimRequest { id: id.into(), ..Default::default() };
        let call = self.world.billing.call("RemittanceService/UnmatchRemittanceClaim", request);
        body(self.world.remittances.unmatch_remittance_claim(call).await)
    }

    pub(crate) async fn dismiss(
        &self,
        id: &str,
        reason: pb::RemittanceDismissal,
    ) -> Result<pb::RemittanceClaim, Status> {
        let request = pb::DismissRemittanceClaimRequest { id: id.into(), reason: reason.into(), ..Default::default() };
        let call = self.world.billing.call("RemittanceService/DismissRemittanceClaim", request);
        body(self.world.remittances.dismiss_remittance_claim(call).await)
    }

    /// What a payment of its own says of a claim, none of ours unless its number is.
    pub(crate) async fn lost(&self, payment: &str, said: Paid<'_>) -> pb::RemittanceClaim {
        self.lost_as(payment, said, |text| text).await
    }

    async fn lost_as(&self, payment: &str, said: Paid<'_>, told: impl Fn(String) -> String) -> pb::RemittanceClaim {
        let (kind, header) = x835(payment, "0", &[], "");
        let account = format!("PLB*1234567893*20261231*WO:{payment}*{}~", said.3);
        let taken = self.ingest(&remittance(780, &[(kind, told(header + &clp(said)) + &account)])).await;
        let remittance_id = only(&taken).remittance_id.clone();
        self.told(pb::ListRemittanceClaimsRequest { remittance_id, ..Default::default() }).await.remove(0)
    }

    async fn pairs(&self) -> String {
        self.world.ask("SELECT concat_ws(' ', count(*), sum(amount)) FROM claims.ledger_entries").await
    }
}

pub(crate) const LOST: Paid<'_> = ("LOST", "1", "150", "110", USUAL);

/// Of another payer, member and day than the claim.
fn strange(text: &str) -> String {
    text.replace("XV*99901", "XV*99902").replace("W123456789", "W000000000").replace("20260316", "20260315")
}

pub(crate) fn with(told: &pb::RemittanceClaim, claim: &pb::Claim) -> pb::MatchRemittanceClaimRequest {
    pb::MatchRemittanceClaimRequest { id: told.id.clone(), claim_id: claim.id.clone(), ..Default::default() }
}

pub(crate) fn refused(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

#[tokio::test]
async fn what_nobody_could_find_is_posted_once_a_person_names_its_claim() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let file = remittance(781, &[x835("EFT1", "100", &[LOST], "PLB*1234567893*20261231*WO:OLD*10~")]);
    let taken = desk.ingest(&file).await;
    let id = only(&taken).remittance_id.clone();
    let call = desk.world.billing.call("RemittanceService/GetRemittance", pb::GetRemittanceRequest { id });
    let payment = body(desk.world.remittances.get_remittance(call).await).unwrap();
    assert_eq!((payment.payment_amount.as_str(), payment.claim_count), ("100.00", 1));
    assert_eq!((payment.state(), payment.payment_reference.as_str()), (pb::RemittanceState::Complete, "EFT1"));
    let account = &payment.provider_adjustments[0];
    assert_eq!(
        (account.reason_code.as_str(), account.reference.as_str(), account.amount.as_str()),
        ("WO", "OLD", "10.00")
    );

    let [told] = desk.queue().await.try_into().unwrap();
    assert_eq!((told.state(), told.state_reason.as_str()), (pb::RemittanceClaimState::Unmatched, "CLAIM_UNKNOWN"));
    assert_eq!((told.paid_amount.as_str(), told.adjustments.len()), ("110.00", 2));
    let request = pb::MatchRemittanceClaimRequest { request_id: request_id(), ..with(&told, &claims[0]) };
    let matched = desk.match_it(request.clone()).await.unwrap();
    assert_eq!((matched.state(), matched.claim_id.as_str()), (pb::RemittanceClaimState::Posted, claims[0].id.as_str()));
    assert!(!matched.matched_by.is_empty() && matched.etag != told.etag, "{matched:?}");
    assert_eq!(desk.match_it(request).await.unwrap(), matched, "a repeat");
    desk.stands(&claims[0], ClaimStatus::Paid, pb::PayerState::PaidPartial).await;
    desk.assert_money(&claims[0], "110.00 20.00 20.00").await;
    assert!(desk.queue().await.is_empty());

    // as the bytes in other bytes, too
    desk.ingest(&file.replace('\n', "\r\n")).await;
    assert_eq!(refusal(desk.match_it(with(&told, &claims[0])).await), refused("REMITTANCE_CLAIM_POSTED"));
    desk.assert_money(&claims[0], "110.00 20.00 20.00").await;
    let named = format!("'{}' = ANY (resource_ids) AND '{}' = ANY (resource_ids)", told.id, claims[0].id);
    let entry =
        format!("SELECT count(*) FROM audit.entries WHERE action = 'update' AND {named} AND patient_ids <> '{{}}'");
    assert_eq!(desk.world.ask(&entry).await, "2", "the match and its repeat");
}

#[tokio::test]
async fn what_can_not_be_the_claims_is_refused_and_changes_nothing() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let claim = &claims[0];
    let untouched = desk.world.get(&claim.id).await.unwrap();

    let other_charge = desk.lost("EFT1", ("LOST1", "1", "140", "110", &[("CO", "45", "30")])).await;
    assert_eq!(refusal(desk.match_it(with(&other_charge, claim)).await), refused("CHARGE_DIFFERS"));

    let strange = desk.lost_as("EFT2", ("LOST2", "1", "150", "110", USUAL), |text| strange(&text)).await;
    let unlike = desk.match_it(with(&strange, claim)).await.unwrap_err();
    assert_eq!(fact(&unlike, "mismatches"), "MEMBER_ID SERVICE_DATE PAYER");
    let acknowledged_mismatches = vec![pb::RemittanceMismatch::MemberId.into()];
    let half = pb::MatchRemittanceClaimRequest { acknowledged_mismatches, ..with(&strange, claim) };
    let unlike = desk.match_it(half).await.unwrap_err();
    assert_eq!(fact(&unlike, "mismatches"), "SERVICE_DATE PAYER");
    assert_eq!(refusal(Err::<(), _>(unlike)), refused("MISMATCH_UNACKNOWLEDGED"));

    let unknown = desk.lost("EFT3", ("LOST3", "25", "150", "0", &[("CO", "45", "150")])).await;
    assert_eq!(unknown.state(), pb::RemittanceClaimState::Unmatched);
    let unknown = desk.match_it(with(&unknown, claim)).await.unwrap_err();
    assert_eq!(fact(&unknown, "state_reason"), "PREDETERMINATION");
    assert_eq!(refusal(Err::<(), _>(unknown)), refused("REMITTANCE_CLAIM_NOT_POSTABLE"));

    // a reversal of what was never decided
    let reversal = desk.lost("EFT4", ("LOST4", "22", "-150", "-110", REVERSED)).await;
    assert_eq!(refusal(desk.match_it(with(&reversal, claim)).await), refused("CLAIM_CANNOT_TAKE_IT"));

    let told = desk.lost("EFT5", ("LOST5", "1", "150", "110", USUAL)).await;
    let unsent = desk.world.ready().await;
    assert_eq!(refusal(desk.match_it(with(&told, &unsent)).await), refused("CLAIM_INVALID_TRANSITION"));
    let stale = pb::MatchRemittanceClaimRequest { etag: "7".into(), ..with(&told, claim) };
    assert_eq!(refusal(desk.match_it(stale).await).0, Code::Aborted);
    let stale = pb::MatchRemittanceClaimRequest { claim_etag: "777".into(), ..with(&told, claim) };
    assert_eq!(refusal(desk.match_it(stale).await).0, Code::Aborted);
    let nobodys = pb::Claim { id: request_id(), ..Default::default() };
    assert_eq!(refusal(desk.match_it(with(&told, &nobodys)).await).0, Code::NotFound);
    assert_eq!(desk.world.get(&claim.id).await.unwrap(), untouched);
    assert_eq!(desk.pairs().await, "0");
    assert_eq!(desk.queue().await.len(), 5);

    // and what is decided takes no second decision
    desk.match_it(with(&told, claim)).await.unwrap();
    let again = desk.lost("EFT6", ("LOST6", "1", "150", "110", USUAL)).await;
    assert_eq!(refusal(desk.match_it(with(&again, claim)).await), refused("CLAIM_CANNOT_TAKE_IT"));
    desk.assert_money(claim, "110.00 20.00 20.00").await;
}

#[tokio::test]
async fn a_mismatch_that_somebody_acknowledges_is_no_hindrance() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let told = desk.lost_as("EFT1", LOST, |text| strange(&text)).await;
    let all = [pb::RemittanceMismatch::MemberId, pb::RemittanceMismatch::ServiceDate, pb::RemittanceMismatch::Payer];
    let acknowledged_mismatches = all.map(Into::into).to_vec();
    let request = pb::MatchRemittanceClaimRequest { acknowledged_mismatches, ..with(&told, &claims[0]) };
    desk.match_it(request).await.unwrap();
    desk.assert_money(&claims[0], "110.00 20.00 20.00").await;
}

#[tokio::test]
async fn a_payer_by_another_number_than_the_lists_is_no_other_payer() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let told = desk.lost_as("EFT1", LOST, |text| text.replace("XV*99901", "XV*1112223334")).await;
    desk.match_it(with(&told, &claims[0])).await.unwrap();
    desk.assert_money(&claims[0], "110.00 20.00 20.00").await;
}

#[tokio::test]
async fn a_match_that_was_a_mistake_is_taken_back_by_movements_alone() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(2).await;
    let told = desk.lost("EFT1", LOST).await;
    desk.match_it(with(&told, &claims[0])).await.unwrap();
    let posted = desk.pairs().await;
    let freed = desk.unmatch(&told.id).await.unwrap();
    assert_eq!((freed.state(), freed.state_reason.as_str()), (pb::RemittanceClaimState::Unmatched, "MATCH_TAKEN_BACK"));
    assert_eq!((freed.claim_id.as_str(), freed.matched_by.as_str()), ("", ""));
    desk.assert_money(&claims[0], "0.00 0.00 0.00").await;
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Reversed).await;
    assert_eq!((posted.as_str(), desk.pairs().await.as_str()), ("3 150.00", "6 0.00"), "nothing is edited or deleted");
    assert_eq!(refusal(desk.unmatch(&told.id).await), refused("NOT_MATCHED_BY_HAND"));

    // the right one, and the first one once more after that
    desk.match_it(with(&told, &claims[1])).await.unwrap();
    desk.assert_money(&claims[1], "110.00 20.00 20.00").await;
    desk.unmatch(&told.id).await.unwrap();
    desk.match_it(with(&told, &claims[0])).await.unwrap();
    desk.assert_money(&claims[0], "110.00 20.00 20.00").await;
    desk.assert_money(&claims[1], "0.00 0.00 0.00").await;
}

#[tokio::test]
async fn what_waited_for_a_mistaken_match_is_posted_when_it_is_taken_back() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let told = desk.lost("EFT1", LOST).await;
    desk.match_it(with(&told, &claims[0])).await.unwrap();
    // its own decision comes, and finds another one in its place
    let number = claims[0].claim_number.as_str();
    let own = x835("EFT2", "100", &[(number, "1", "150", "100", &[("CO", "45", "50")])], "");
    assert_eq!(only(&desk.ingest(&remittance(782, &[own])).await).parked, 1);
    desk.unmatch(&told.id).await.unwrap();
    desk.assert_money(&claims[0], "100.00 50.00 0.00").await;
    desk.stands(&claims[0], ClaimStatus::Paid, pb::PayerState::PaidFull).await;
}

#[tokio::test]
async fn a_match_that_was_overtaken_stands_and_what_named_its_claim_is_no_match_by_hand() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(2).await;
    let told = desk.lost("EFT1", LOST).await;
    desk.match_it(with(&told, &claims[0])).await.unwrap();
    let number = claims[0].claim_number.as_str();
    let both: &[Paid<'_>] =
        &[(number, "22", "-150", "-110", REVERSED), (number, "1", "150", "100", &[("CO", "45", "50")])];
    desk.ingest(&remittance(783, &[x835("EFT2", "0", both, "PLB*1234567893*20261231*L6:X*-10~")])).await;
    assert_eq!(refusal(desk.unmatch(&told.id).await), refused("MATCH_STANDS"));
    desk.assert_money(&claims[0], "100.00 50.00 0.00").await;

    let number = claims[1].claim_number.as_str();
    let own = desk.lost("EFT3", (number, "1", "150", "110", USUAL)).await;
    assert_eq!(own.state(), pb::RemittanceClaimState::Posted);
    assert_eq!(refusal(desk.unmatch(&own.id).await), refused("NOT_MATCHED_BY_HAND"));
    desk.assert_money(&claims[1], "110.00 20.00 20.00").await;
}

#[tokio::test]
async fn a_reversal_is_matched_by_hand_and_taken_back_too() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let number = claims[0].claim_number.as_str();
    desk.lost("EFT1", (number, "1", "150", "110", USUAL)).await;
    let told = desk.lost("EFT2", ("LOST", "22", "-150", "-110", REVERSED)).await;
    desk.match_it(with(&told, &claims[0])).await.unwrap();
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Reversed).await;
    desk.assert_money(&claims[0], "0.00 0.00 0.00").await;
    desk.unmatch(&told.id).await.unwrap();
    desk.stands(&claims[0], ClaimStatus::Paid, pb::PayerState::PaidPartial).await;
    desk.assert_money(&claims[0], "110.00 20.00 20.00").await;
}

#[tokio::test]
async fn what_its_own_claim_could_not_take_is_tried_again() {
    let desk = Desk::new().await;
    let ready = desk.world.ready().await;
    let told = desk.lost("EFT1", (ready.claim_number.as_str(), "1", "150", "110", USUAL)).await;
    let known = (told.state(), told.state_reason.as_str(), told.claim_id.as_str());
    assert_eq!(known, (pb::RemittanceClaimState::Parked, "CLAIM_INVALID_TRANSITION", ready.id.as_str()));
    desk.world.submit(&ready.id).await.unwrap();
    let posted = desk.match_it(with(&told, &ready)).await.unwrap();
    assert_eq!(posted.state(), pb::RemittanceClaimState::Posted);
    desk.assert_money(&ready, "110.00 20.00 20.00").await;
}

#[tokio::test]
async fn what_is_dismissed_leaves_the_queue_for_a_reason_and_can_still_be_matched() {
    use pb::RemittanceDismissal::{NotOurs, Unspecified};
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let told = desk.lost("EFT1", LOST).await;
    assert_eq!(refusal(desk.dismiss(&told.id, Unspecified).await).0, Code::InvalidArgument);
    let gone = desk.dismiss(&told.id, NotOurs).await.unwrap();
    assert_eq!((gone.state(), gone.state_reason.as_str()), (pb::RemittanceClaimState::Dismissed, "NOT_OURS"));
    assert!(desk.queue().await.is_empty());
    assert_eq!(refusal(desk.dismiss(&told.id, NotOurs).await), refused("REMITTANCE_CLAIM_DISMISSED"));
    desk.match_it(with(&told, &claims[0])).await.unwrap();
    assert_eq!(refusal(desk.dismiss(&told.id, NotOurs).await), refused("REMITTANCE_CLAIM_POSTED"));
    desk.assert_money(&claims[0], "110.00 20.00 20.00").await;
}

#[tokio::test]
async fn of_many_who_match_the_same_at_once_one_does() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(4).await;
    let told = desk.lost("EFT1", LOST).await;
    let matching = claims.iter().map(|claim| desk.match_it(with(&told, claim)));
    let done = futures_util::future::join_all(matching).await;
    assert_eq!(done.iter().filter(|one| one.is_ok()).count(), 1, "{done:?}");
    for status in done.into_iter().filter_map(Result::err) {
        assert_eq!(refusal(Err::<(), _>(status)), refused("REMITTANCE_CLAIM_POSTED"));
    }
    assert_eq!(desk.pairs().await, "3 150.00");
}

#[tokio::test]
async fn of_many_that_are_matched_with_the_same_claim_at_once_one_is() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let mut told = Vec::new();
    for payment in ["EFT1", "EFT2", "EFT3", "EFT4"] {
        told.push(desk.lost(payment, LOST).await);
    }
    let done = futures_util::future::join_all(told.iter().map(|one| desk.match_it(with(one, &claims[0])))).await;
    assert_eq!(done.iter().filter(|one| one.is_ok()).count(), 1, "{done:?}");
    desk.assert_money(&claims[0], "110.00 20.00 20.00").await;
    assert_eq!(desk.queue().await.len(), 3);
}

#[tokio::test]
async fn payments_are_listed_by_payer_day_and_state_page_by_page() {
    let desk = Desk::new().await;
    for payment in ["EFT1", "EFT2", "EFT3"] {
        desk.lost(payment, LOST).await;
    }
    let list = async |request: pb::ListRemittancesRequest| {
        let call = desk.world.billing.call("RemittanceService/ListRemittances", request);
        body(desk.world.remittances.list_remittances(call).await).unwrap()
    };
    let names = |page: &pb::ListRemittancesResponse| {
        page.remittances.iter().map(|one| one.payment_reference.clone()).collect::<Vec<_>>().join(" ")
    };
    let (mut request, mut all) = (pb::ListRemittancesRequest { page_size: 2, ..Default::default() }, Vec::new());
    loop {
        let page = list(request.clone()).await;
        all.push(names(&page));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(all, ["EFT1 EFT2", "EFT3"]);
    let day = |day: u32| Some((2026, 3, i32::try_from(day).unwrap()).into());
    for (filter, expected) in [
        (pb::ListRemittancesRequest { payer_id: "99901".into(), ..Default::default() }, 3),
        (pb::ListRemittancesRequest { payer_id: "99902".into(), ..Default::default() }, 0),
        (pb::ListRemittancesRequest { from_paid_on: day(20), to_paid_on: day(20), ..Default::default() }, 3),
        (pb::ListRemittancesRequest { from_paid_on: day(21), ..Default::default() }, 0),
        (pb::ListRemittancesRequest { to_paid_on: day(19), ..Default::default() }, 0),
        (pb::ListRemittancesRequest { state: pb::RemittanceState::Complete.into(), ..Default::default() }, 3),
        (pb::ListRemittancesRequest { state: pb::RemittanceState::Incomplete.into(), ..Default::default() }, 0),
    ] {
        assert_eq!(list(filter.clone()).await.remittances.len(), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn another_practices_queue_is_nobodys() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let told = desk.lost("EFT1", LOST).await;
    let elsewhere = testkit::caller::practice(desk.world.db()).await;
    let stranger = testkit::caller::Caller::new(elsewhere, Role::Admin).at(crate::world::now());
    let request = pb::ListRemittanceClaimsRequest { only_open: true, ..Default::default() };
    let call = stranger.call("RemittanceService/ListRemittanceClaims", request);
    assert!(body(desk.world.remittances.list_remittance_claims(call).await).unwrap().remittance_claims.is_empty());
    let call = stranger.call("RemittanceService/MatchRemittanceClaim", with(&told, &claims[0]));
    assert_eq!(refusal(body(desk.world.remittances.match_remittance_claim(call).await)).0, Code::NotFound);
}

#[tokio::test]
async fn a_match_is_told_to_those_who_follow_the_claim() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let told = desk.lost("EFT1", LOST).await;
    desk.match_it(with(&told, &claims[0])).await.unwrap();
    desk.unmatch(&told.id).await.unwrap();
    desk.report(report(&claims[0], "paid at last", paid())).await.unwrap();
    use pb::ClaimEventType::{Paid, Reversed};
    let kinds: Vec<_> = desk.world.timeline(&claims[0].id).await.iter().map(pb::ClaimEvent::r#type).collect();
    assert!(kinds.ends_with(&[Paid, Reversed, Paid]), "{kinds:?}");
}
