//! Claim files: what is in them, under which numbers, and what becomes of them.

use sha2::{Digest, Sha256};
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::clearinghouse_service_server::ClearinghouseService;
use therapy_claims::claims::v1::get_submission_batch_response::Part;
use therapy_claims::common::v1::ClaimStatus;
use tokio_stream::StreamExt;
use tonic::{Code, Status};

use crate::desk::Desk;
use crate::world::{World, assert_stands, bad_fields, body, refusal, request_id};

/// A file as it was read.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) batch: pb::SubmissionBatch,
    pub(crate) content: Vec<u8>,
    pub(crate) claims: Vec<pb::ClaimSnapshot>,
}

impl Desk {
    pub(crate) async fn write_files(
        &self,
        request: pb::CreateSubmissionBatchRequest,
    ) -> Result<pb::CreateSubmissionBatchResponse, Status> {
        let call = self.adapter.call("ClearinghouseService/CreateSubmissionBatch", request);
        body(self.clearinghouse.create_submission_batch(call).await)
    }

    /// Has what waits written, and reads it.
    pub(crate) async fn file(&self) -> String {
        let batch = self.write_files(Default::default()).await.unwrap().batches.pop().unwrap();
        let read = self.read_file(&batch.id, pb::SubmissionBatchView::Content).await.unwrap();
        String::from_utf8(read.content).unwrap()
    }

    pub(crate) async fn read_file(&self, id: &str, view: pb::SubmissionBatchView) -> Result<Read, Status> {
        let request = pb::GetSubmissionBatchRequest { id: id.into(), view: view.into() };
        let call = self.adapter.call("ClearinghouseService/GetSubmissionBatch", request);
        let mut parts = self.clearinghouse.get_submission_batch(call).await?.into_inner();
        let mut read = Read::default();
        while let Some(part) = parts.next().await {
            match part?.part.unwrap() {
                Part::Batch(batch) => read.batch = batch,
                Part::Content(bytes) => read.content.extend(bytes),
                Part::Claims(some) => read.claims.extend(some.claims),
            }
        }
        Ok(read)
    }

    pub(crate) async fn confirm_file(&self, batch: pb::BatchRef) -> Result<Vec<pb::TransmissionResult>, Status> {
        let request =
            pb::ConfirmTransmissionRequest { batch: Some(batch), reference: "ref".into(), ..Default::default() };
        let call = self.adapter.call("ClearinghouseService/ConfirmTransmission", request);
        Ok(body(self.clearinghouse.confirm_transmission(call).await)?.results)
    }

    async fn fail_file(&self, batch: pb::BatchRef) -> Result<Vec<pb::TransmissionResult>, Status> {
        let request = pb::ReportTransmissionFailureRequest {
            batch: Some(batch),
            reason_code: "LINE_DOWN".into(),
            ..Default::default()
        };
        let call = self.adapter.call("ClearinghouseService/ReportTransmissionFailure", request);
        Ok(body(self.clearinghouse.report_transmission_failure(call).await)?.results)
    }
}

fn named(batch: &pb::SubmissionBatch) -> pb::BatchRef {
    pb::BatchRef { batch_id: batch.id.clone(), content_hash: batch.content_hash.clone() }
}

#[tokio::test]
async fn what_waits_goes_into_one_file_whose_bytes_are_kept_and_never_into_a_second() {
    let desk = Desk::new().await;
    let (first, _) = desk.submitted().await;
    let (second, _) = desk.submitted().await;
    let written = desk.write_files(Default::default()).await.unwrap();
    let [batch] = written.batches.as_slice() else { panic!("one file") };
    assert_eq!(
        (batch.claim_count, batch.trading_partner_id.as_str(), batch.charge_amount.as_str()),
        (2, "main", "300.00")
    );
    assert!(!written.has_more && written.problems.is_empty());

    let read = desk.read_file(&batch.id, pb::SubmissionBatchView::Full).await.unwrap();
    assert_eq!(read.batch, *batch);
    assert_eq!(batch.content_hash, hex(&Sha256::digest(&read.content)));
    let text = String::from_utf8(read.content).unwrap();
    let segments: Vec<&str> = text.split('~').collect();
    let number = format!("{:09}", batch.control_number);
    assert!(
        segments[0].starts_with("ISA*00*          *00*          *ZZ*TCLAIMS        *ZZ*TCH99          *"),
        "{text}"
    );
    assert!(segments[0].ends_with(&format!("*^*00501*{number}*1*T*:")), "{text}");
    assert!(segments.contains(&format!("IEA*1*{number}").as_str()), "{text}");
    assert!(text.contains(&format!("~BHT*0019*00*{}*", batch.reference)), "{text}");
    for claim in [&first, &second] {
        assert!(text.contains(&format!("~CLM*{}*150***", claim.claim_number)), "{text}");
        assert!(text.contains(&format!("~REF*D9*{}-1~", claim.claim_number)), "{text}");
        assert!(text.contains(&format!("~REF*6R*{}01~", claim.claim_number)), "{text}");
    }
    let mut numbers: Vec<&str> = read.claims.iter().map(|claim| claim.claim_number.as_str()).collect();
    numbers.sort_unstable();
    let mut expected = [first.claim_number.as_str(), second.claim_number.as_str()];
    expected.sort_unstable();
    assert_eq!(numbers, expected);

    // nothing waits any more, and a number that was drawn is not drawn again
    assert_eq!(desk.write_files(Default::default()).await.unwrap(), Default::default());
    desk.submitted().await;
    let later = desk.write_files(Default::default()).await.unwrap();
    assert!(later.batches[0].control_number > batch.control_number);
    assert_ne!(later.batches[0].reference, batch.reference);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_repeated_request_answers_the_file_of_the_first() {
    let desk = Desk::new().await;
    desk.submitted().await;
    let request = pb::CreateSubmissionBatchRequest { request_id: request_id(), ..Default::default() };
    let first = desk.write_files(request.clone()).await.unwrap();
    desk.submitted().await;
    assert_eq!(desk.write_files(request).await.unwrap(), first);
}

#[tokio::test]
async fn a_file_holds_as_many_claims_as_asked_for_and_tells_that_more_wait() {
    let desk = Desk::new().await;
    for _ in 0..3 {
        desk.submitted().await;
    }
    let two = pb::CreateSubmissionBatchRequest { max_claims: 2, ..Default::default() };
    let first = desk.write_files(two.clone()).await.unwrap();
    assert_eq!((first.batches[0].claim_count, first.has_more), (2, true));
    let second = desk.write_files(two).await.unwrap();
    assert_eq!((second.batches[0].claim_count, second.has_more), (1, false));
    let refused = desk.write_files(pb::CreateSubmissionBatchRequest { max_claims: 5001, ..Default::default() }).await;
    assert_eq!(bad_fields(&refused.unwrap_err()), ["max_claims"]);
}

#[tokio::test]
async fn many_writers_at_once_put_each_claim_into_exactly_one_file() {
    let desk = Desk::new().await;
    for _ in 0..12 {
        desk.submitted().await;
    }
    let one = || desk.write_files(pb::CreateSubmissionBatchRequest { max_claims: 2, ..Default::default() });
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let mut files: Vec<_> = [a, b, c, d].into_iter().flat_map(|written| written.unwrap().batches).collect();
    while let Some(batch) = one().await.unwrap().batches.pop() {
        files.push(batch);
    }
    assert_eq!(files.iter().map(|batch| batch.claim_count).sum::<i32>(), 12);
    let held = "SELECT count(*) || ' ' || count(DISTINCT batch_id) FROM claims.submissions WHERE batch_id IS NOT NULL";
    assert_eq!(desk.world.ask(held).await, format!("12 {}", files.len()));
    let mut numbers: Vec<i32> = files.iter().map(|batch| batch.control_number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), files.len());
}

#[tokio::test]
async fn claims_go_to_the_partner_of_their_payer() {
    let desk = Desk::new().await;
    desk.submitted().await;
    desk.world.run("UPDATE claims.claims SET payer_id = '99902'").await;
    desk.submitted().await;
    let unknown = pb::CreateSubmissionBatchRequest { trading_partner_id: "nobody".into(), ..Default::default() };
    assert_eq!(desk.write_files(unknown).await.unwrap_err().code(), Code::NotFound);
    let only = pb::CreateSubmissionBatchRequest { trading_partner_id: "beside".into(), ..Default::default() };
    let partners = |written: pb::CreateSubmissionBatchResponse| -> Vec<String> {
        written.batches.into_iter().map(|batch| format!("{} {}", batch.trading_partner_id, batch.claim_count)).collect()
    };
    assert_eq!(partners(desk.write_files(only).await.unwrap()), ["beside 1"]);
    assert_eq!(partners(desk.write_files(Default::default()).await.unwrap()), ["main 1"]);
}

#[tokio::test]
async fn a_claim_that_fits_no_file_is_ready_again_and_says_why_and_the_others_leave() {
    let desk = Desk::new().await;
    let (unfit, _) = desk.submitted().await;
    desk.world
        .run("UPDATE claims.submissions SET snapshot = jsonb_set(snapshot, '{billing_provider,address,zip_code}', '\"12\"')")
        .await;
    let (fit, _) = desk.submitted().await;
    let written = desk.write_files(Default::default()).await.unwrap();
    assert_eq!(written.batches[0].claim_count, 1);
    let [problem] = written.problems.as_slice() else { panic!("one problem") };
    assert_eq!(problem.claim_id, unfit.id);
    assert_eq!(problem.problem.as_ref().unwrap().violations[0].field, "billing_provider.address.zip_code");
    let after = desk.world.get(&unfit.id).await.unwrap();
    assert_stands(&after, ClaimStatus::Ready, pb::PayerState::TransmitFailed);
    let findings: Vec<_> = after.findings.iter().map(|f| (f.code.as_str(), f.field.as_str())).collect();
    assert_eq!(findings, [("CLAIM_FITS_NO_FILE", "billing_provider.address.zip_code")]);
    assert_stands(&desk.world.get(&fit.id).await.unwrap(), ClaimStatus::Submitted, pb::PayerState::Queued);
    assert_eq!(desk.write_files(Default::default()).await.unwrap(), Default::default());
}

#[tokio::test]
async fn a_file_is_confirmed_as_a_whole_once_it_is_the_one_that_was_written() {
    let desk = Desk::new().await;
    let (first, one) = desk.submitted().await;
    let batch = desk.write_files(Default::default()).await.unwrap().batches.pop().unwrap();
    let other = pb::BatchRef { content_hash: "0".repeat(64), ..named(&batch) };
    assert_eq!(refusal(desk.confirm_file(other).await).1, "CONTENT_HASH_MISMATCH");
    let results = desk.confirm_file(named(&batch)).await.unwrap();
    assert_eq!((results.len(), results[0].submission_id.as_str()), (1, one.as_str()));
    assert_stands(&desk.world.get(&first.id).await.unwrap(), ClaimStatus::Submitted, pb::PayerState::Transmitted);
    let read = desk.read_file(&batch.id, pb::SubmissionBatchView::Basic).await.unwrap().batch;
    assert_eq!((read.state(), read.transmission_reference.as_str()), (pb::SubmissionBatchState::Transmitted, "ref"));
    assert!(read.transmitted_at.is_some());
    // again: the same, and it can't fail any more
    assert_eq!(desk.confirm_file(named(&batch)).await.unwrap(), results);
    assert_eq!(refusal(desk.fail_file(named(&batch)).await).1, "BATCH_TRANSMITTED");
}

#[tokio::test]
async fn a_file_that_failed_gives_its_claims_back_and_they_go_into_another() {
    let desk = Desk::new().await;
    let (claim, _) = desk.submitted().await;
    let batch = desk.write_files(Default::default()).await.unwrap().batches.pop().unwrap();
    let results = desk.fail_file(named(&batch)).await.unwrap();
    assert_eq!(results.len(), 1);
    let after = desk.world.get(&claim.id).await.unwrap();
    assert_stands(&after, ClaimStatus::Ready, pb::PayerState::TransmitFailed);
    assert_eq!(desk.fail_file(named(&batch)).await.unwrap(), results);
    desk.world.submit(&after.id).await.unwrap();
    let again = desk.write_files(Default::default()).await.unwrap().batches.pop().unwrap();
    let read = desk.read_file(&again.id, pb::SubmissionBatchView::Content).await.unwrap();
    let text = String::from_utf8(read.content).unwrap();
    assert!(text.contains(&format!("~REF*D9*{}-2~", claim.claim_number)), "{text}");
}

#[tokio::test]
async fn a_file_of_another_practice_is_not_there() {
    let desk = Desk::new().await;
    desk.submitted().await;
    let batch = desk.write_files(Default::default()).await.unwrap().batches.pop().unwrap();
    let elsewhere = testkit::caller::practice(desk.world.db()).await;
    let stranger = Desk::with(desk.world, &[elsewhere]).await;
    let foreign = stranger.read_file(&batch.id, pb::SubmissionBatchView::Full).await.err().unwrap();
    let absent = stranger.read_file(&request_id(), pb::SubmissionBatchView::Full).await.err().unwrap();
    assert_eq!((foreign.code(), absent.code()), (Code::NotFound, Code::NotFound));
    assert_eq!(stranger.confirm_file(named(&batch)).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(stranger.write_files(Default::default()).await.unwrap(), Default::default());
}

#[tokio::test]
async fn a_file_is_found_among_the_practices_granted() {
    let world = World::new().await;
    let practices = [testkit::caller::practice(world.db()).await, world.practice];
    let desk = Desk::with(world, &practices).await;
    desk.submitted().await;
    let batch = desk.write_files(Default::default()).await.unwrap().batches.pop().unwrap();
    assert!(!desk.read_file(&batch.id, pb::SubmissionBatchView::Full).await.unwrap().content.is_empty());
    desk.confirm_file(named(&batch)).await.unwrap();
    desk.world.run("UPDATE tenancy.service_grants SET valid_to = valid_from + interval '1 microsecond'").await;
    let ended = desk.read_file(&batch.id, pb::SubmissionBatchView::Full).await.err().unwrap();
    assert_eq!(ended.code(), Code::NotFound);
}
