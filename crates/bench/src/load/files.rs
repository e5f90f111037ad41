//! Workload h: an adapter has everything that waits put into claim files, and fetches them.

use std::time::{Duration, Instant};

use therapy_claims::claims::v1::clearinghouse_service_client::ClearinghouseServiceClient;
use therapy_claims::claims::v1::get_submission_batch_response::Part;
use therapy_claims::claims::v1::{
    CreateSubmissionBatchRequest, GetSubmissionBatchRequest, SubmissionBatch, SubmissionBatchView,
};
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use super::Callers;
use crate::Result;
use crate::measure::Measured;
use crate::plan;

const PATIENCE: Duration = Duration::from_secs(120);

/// Counts each claim as a request, answered when the bytes of its file are here. The files are handed on.
pub(crate) async fn run(callers: &Callers, wanted: u32, take: impl FnMut(Vec<u8>)) -> Result<Measured> {
    tokio::time::timeout(PATIENCE, files(callers, wanted, take)).await?
}

/// What the adapter shows with its calls.
pub(super) fn adapter() -> Result<MetadataValue<Ascii>> {
    Ok(format!("Bearer {}", plan::token("service", plan::feed_key_id())).parse()?)
}

async fn files(callers: &Callers, wanted: u32, mut take: impl FnMut(Vec<u8>)) -> Result<Measured> {
    let token = adapter()?;
    let mut client = ClearinghouseServiceClient::new(callers.channel(0).ok_or("there is no connection")?);
    let mut measured = Measured::new()?;
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        let mut request = Request::new(CreateSubmissionBatchRequest::default());
        request.metadata_mut().insert("authorization", token.clone());
        let made = client.create_submission_batch(request).await?.into_inner();
        if let Some(problem) = made.problems.first() {
            return Err(format!("no file can hold {}: {:?}", problem.claim_id, problem.problem).into());
        }
        for batch in &made.batches {
            take(fetch(&mut client, &token, batch).await?);
            (0..batch.claim_count).for_each(|_| measured.answered(asked.elapsed()));
        }
        if !made.has_more {
            break;
        }
    }
    measured.elapsed = begun.elapsed();
    if measured.requests == u64::from(wanted) {
        Ok(measured)
    } else {
        Err(format!("of {wanted} claims {} came", measured.requests).into())
    }
}

async fn fetch(
    client: &mut ClearinghouseServiceClient<Channel>,
    token: &MetadataValue<Ascii>,
    batch: &SubmissionBatch,
) -> Result<Vec<u8>> {
    let view = SubmissionBatchView::Content.into();
    let mut request = Request::new(GetSubmissionBatchRequest { id: batch.id.clone(), view });
    request.metadata_mut().insert("authorization", token.clone());
    let mut parts = client.get_submission_batch(request).await?.into_inner();
    let mut bytes = Vec::with_capacity(usize::try_from(batch.content_size)?);
    while let Some(message) = parts.message().await? {
        if let Some(Part::Content(piece)) = message.part {
            bytes.extend(piece);
        }
    }
    if usize::try_from(batch.content_size)? == bytes.len() { Ok(bytes) } else { Err("a file came incomplete".into()) }
}
