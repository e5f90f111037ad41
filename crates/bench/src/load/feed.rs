//! Workload f: one subscriber reads the events of one practice from the beginning.

use std::time::{Duration, Instant};

use therapy_claims::claims::v1::clearinghouse_service_client::ClearinghouseServiceClient;
use therapy_claims::claims::v1::subscribe_request::Start;
use therapy_claims::claims::v1::subscribe_response::Kind as Told;
use therapy_claims::claims::v1::{AcknowledgeRequest, EventView, Position, SubscribeRequest};
use tokio::task::JoinSet;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use super::Callers;
use crate::Result;
use crate::measure::Measured;
use crate::plan;

/// Events between two acknowledgements; half of what may be outstanding, so that the stream is never stalled by ours.
const ACKNOWLEDGE_EVERY: i64 = 5_000;
const OUTSTANDING_MAX: i32 = 10_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads `wanted` events; a new subscription each time, so that each begins at the beginning.
pub(crate) async fn run(callers: &Callers, subscription: &str, wanted: u32) -> Result<Measured> {
    tokio::time::timeout(PATIENCE, read(callers, subscription, wanted)).await?
}

async fn read(callers: &Callers, subscription: &str, wanted: u32) -> Result<Measured> {
    let token: MetadataValue<Ascii> = format!("Bearer {}", plan::token("service", plan::feed_key_id())).parse()?;
    let channel = callers.channel(0).ok_or("there is no connection")?;
    let mut client = ClearinghouseServiceClient::new(channel);
    let mut request = Request::new(SubscribeRequest {
        subscription: subscription.to_owned(),
        view: EventView::Basic.into(),
        max_outstanding: OUTSTANDING_MAX,
        start: Some(Start::Beginning(())),
        ..SubscribeRequest::default()
    });
    request.metadata_mut().insert("authorization", token.clone());
    let begun = Instant::now();
    let mut stream = client.subscribe(request).await?.into_inner();
    let (mut measured, mut epoch, mut last, mut acked) = (Measured::new()?, 0, 0_i64, 0_i64);
    let mut acknowledgements = JoinSet::new();
    while last < i64::from(wanted) {
        let waited = Instant::now();
        let message = stream.message().await?.ok_or("the feed ended")?;
        match message.kind {
            Some(Told::Started(started)) => epoch = started.lease_epoch,
            Some(Told::Batch(batch)) => {
                for event in &batch.events {
                    if event.position != last + 1 || event.previous_position != last {
                        return Err(format!("after event {last} came {}", event.position).into());
                    }
                    last = event.position;
                    measured.answered(waited.elapsed());
                }
                if last - acked >= ACKNOWLEDGE_EVERY {
                    acked = last;
                    acknowledgements.spawn(acknowledge(
                        client.clone(),
                        token.clone(),
                        subscription.to_owned(),
                        epoch,
                        last,
                    ));
                }
            }
            _ => {}
        }
    }
    measured.elapsed = begun.elapsed();
    drop(stream);
    while let Some(done) = acknowledgements.join_next().await {
        done??;
    }
    Ok(measured)
}

async fn acknowledge(
    mut client: ClearinghouseServiceClient<Channel>,
    token: MetadataValue<Ascii>,
    subscription: String,
    lease_epoch: i64,
    position: i64,
) -> Result<()> {
    let positions = vec![Position { practice_id: plan::practice_id(1), position }];
    let mut request = Request::new(AcknowledgeRequest { subscription, lease_epoch, positions });
    request.metadata_mut().insert("authorization", token);
    client.acknowledge(request).await?;
    Ok(())
}
