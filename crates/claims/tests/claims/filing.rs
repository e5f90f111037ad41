//! What proves that a claim was filed in time.

use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::claim_service_server::ClaimService;

use crate::desk::Desk;
use crate::ingest::{USUAL, remittance, x277, x835, x999};
use crate::world::body;

impl Desk {
    async fn proof(&self, claim: &pb::Claim) -> pb::TimelyFilingProof {
        let request = pb::GetTimelyFilingProofRequest { id: claim.id.clone() };
        let call = self.world.billing.call("ClaimService/GetTimelyFilingProof", request);
        body(self.world.claims.get_timely_filing_proof(call).await).unwrap()
    }
}

fn standings(proof: &pb::TimelyFilingProof) -> Vec<pb::FilingStanding> {
    proof.attempts.iter().map(pb::FilingAttempt::standing).collect()
}

#[tokio::test]
async fn the_first_attempt_that_the_payer_took_in_proves_the_filing() {
    use pb::FilingStanding::{Accepted, Received, Rejected, Sent};
    let desk = Desk::new().await;
    let (claims, first) = desk.sent(1).await;
    let claim = &claims[0];
    let sent = desk.proof(claim).await;
    assert_eq!((standings(&sent), sent.proof, sent.in_time), (vec![Sent], None, false));
    // a readable file is no filed claim
    desk.ingest(&x999(&first, "", "A")).await;
    let received = desk.proof(claim).await;
    assert_eq!((standings(&received), received.proof), (vec![Received], None));
    desk.ingest(&x277(&first, &[(claim, "A7:562:85")])).await;
    let rejected = desk.proof(claim).await;
    assert_eq!((standings(&rejected), rejected.proof), (vec![Rejected], None));

    let ready = desk.world.mark_ready(&claim.id, &[]).await.unwrap();
    desk.world.submit(&ready.id).await.unwrap();
    let second = desk.write_files(Default::default()).await.unwrap().batches.pop().unwrap();
    desk.ingest(&x999(&second, "", "A")).await;
    desk.ingest(&x277(&second, &[(claim, "A2:20:PR")]).replace(&format!("{}-1", claim.claim_number), "")).await;
    let proven = desk.proof(claim).await;
    assert_eq!(standings(&proven), [Rejected, Accepted]);
    let proof = proven.proof.clone().unwrap();
    assert_eq!((proof.attempt, &proof.batch_id), (2, &second.id));
    assert_eq!(proof.interchange_control_number, format!("{:09}", second.control_number));
    assert_eq!(proof.group_control_number, second.control_number.to_string());
    assert_eq!((proof.set_control_number.as_str(), &proof.batch_reference), ("0001", &second.reference));
    assert_eq!(proof.payer_claim_number, format!("ICN{}", claim.claim_number));
    assert_eq!(proof.acknowledged_on, Some((2026, 3, 20).into()));
    assert!(proven.in_time && proven.filing_deadline.is_some(), "{proven:?}");
    let answer = format!("SELECT kind FROM claims.acknowledgments WHERE id = '{}'", proof.acknowledgment_id);
    assert_eq!(desk.world.ask(&answer).await, "accepted");

    // what comes later proves nothing better
    let number = claim.claim_number.as_str();
    desk.ingest(&remittance(790, &[x835("EFT1", "110", &[(number, "1", "150", "110", USUAL)], "")])).await;
    assert_eq!(desk.proof(claim).await.proof, Some(proof));
    let late = format!("UPDATE claims.claims SET filing_deadline = '2026-03-19' WHERE id = '{}'", claim.id);
    desk.world.run(&late).await;
    assert!(!desk.proof(claim).await.in_time);
}

#[tokio::test]
async fn a_decision_without_any_receipt_proves_it_too() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let number = claims[0].claim_number.as_str();
    desk.ingest(&remittance(791, &[x835("EFT1", "110", &[(number, "1", "150", "110", USUAL)], "")])).await;
    let proven = desk.proof(&claims[0]).await;
    assert_eq!(standings(&proven), [pb::FilingStanding::Accepted]);
    assert!(proven.proof.is_some());
}
