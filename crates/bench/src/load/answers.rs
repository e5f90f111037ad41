//! Workload i: an adapter brings what the payers say to claim files.

use std::time::{Duration, Instant};

use futures_util::stream;
use therapy_claims::claims::v1::clearinghouse_service_client::ClearinghouseServiceClient;
use therapy_claims::claims::v1::{InboundState, IngestResponseRequest};
use tonic::Request;

use super::Callers;
use super::files::adapter;
use crate::Result;
use crate::measure::Measured;

/// Bytes of one message of a file.
const PIECE: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(300);

/// Brings the files one after the other. Counts each claim that a file speaks of as a request, answered with its file.
pub(crate) async fn run(callers: &Callers, files: &[Vec<u8>]) -> Result<Measured> {
    tokio::time::timeout(PATIENCE, bring(callers, files)).await?
}

async fn bring(callers: &Callers, files: &[Vec<u8>]) -> Result<Measured> {
    let token = adapter()?;
    let mut client = ClearinghouseServiceClient::new(callers.channel(0).ok_or("there is no connection")?);
    let mut measured = Measured::new()?;
    let begun = Instant::now();
    for file in files {
        let sent = Instant::now();
        let pieces: Vec<_> =
            file.chunks(PIECE).map(|piece| IngestResponseRequest { content: piece.to_vec() }).collect();
        let mut request = Request::new(stream::iter(pieces));
        request.metadata_mut().insert("authorization", token.clone());
        let answer = client.ingest_response(request).await?.into_inner();
        for message in &answer.messages {
            if message.state() != InboundState::Applied {
                return Err(format!("a file was not taken: {:?}", message.problem).into());
            }
            if message.parked + message.unmatched + message.repeated > 0 {
                return Err(format!("not all of a file counts: {message:?}").into());
            }
            (0..message.applied + message.recorded).for_each(|_| measured.answered(sent.elapsed()));
        }
    }
    measured.elapsed = begun.elapsed();
    Ok(measured)
}
