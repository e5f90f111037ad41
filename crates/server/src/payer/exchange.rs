//! The files of one practice: what waits is written and sent, and what the payers say to it is brought back.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDateTime};
use futures_util::stream;
use therapy_claims::claims::v1 as claims;
use therapy_claims::client::{Client, request_id};
use tonic::{Request, Response};

use super::x12::{Answer, Payers};
use super::{Answered, PayerOptions};
use crate::caller::{Caller, Error, PAGE, pages, rpc};

/// Bytes of one message of a file.
const PIECE: usize = 1024 * 1024;

/// A practice's side of the clearinghouse.
#[derive(Debug)]
pub(super) struct Exchange {
    caller: Caller,
    payers: Payers,
    out: Option<PathBuf>,
    /// Submissions up to this position of the feed are in files.
    pub(super) sent_through: i64,
}

impl Exchange {
    /// What was said so far follows from the files: they are answered again, in their order.
    pub(super) async fn open(
        caller: &Caller,
        practice_id: &str,
        options: &PayerOptions,
        told: &mut Answered,
    ) -> Result<Self, Error> {
        let mut exchange = Self {
            caller: caller.in_practice(practice_id)?,
            payers: Payers::new(options.seed),
            out: options.out.as_ref().map(|directory| directory.join("x12")),
            sent_through: 0,
        };
        if let Some(directory) = &exchange.out {
            let made = std::fs::create_dir_all(directory);
            made.map_err(|source| Error::File { path: directory.clone(), source })?;
        }
        let caller = &exchange.caller;
        let mut files = pages(async |page_token| {
            let request = claims::ListSubmissionBatchesRequest { page_size: PAGE, page_token, ..Default::default() };
            let listed = rpc!(
                caller,
                clearinghouse.list_submission_batches,
                "claims.v1.ClearinghouseService/ListSubmissionBatches",
                request
            );
            let listed = listed.await?;
            Ok((listed.batches, listed.next_page_token))
        })
        .await?;
        files.sort_by_key(|file| file.control_number);
        for file in files {
            exchange.carry(&file, told).await?;
        }
        Ok(exchange)
    }

    /// Has files written until nothing waits, and carries each.
    pub(super) async fn send(&mut self, told: &mut Answered) -> Result<(), Error> {
        loop {
            // the same for a repeat, so that no file is overlooked whose making was not told
            let request = claims::CreateSubmissionBatchRequest { request_id: request_id(), ..Default::default() };
            let made = rpc!(
                self.caller,
                clearinghouse.create_submission_batch,
                "claims.v1.ClearinghouseService/CreateSubmissionBatch",
                request
            );
            let made = made.await?;
            told.unfit += made.problems.len() as u64;
            for file in &made.batches {
                told.files += 1;
                told.claims += u64::try_from(file.claim_count).unwrap_or_default();
                self.carry(file, told).await?;
            }
            if !made.has_more {
                return Ok(());
            }
        }
    }

    /// Brings what the payers say by themselves.
    pub(super) async fn settle(&mut self, told: &mut Answered) -> Result<(), Error> {
        for answer in self.payers.settle().map_err(unanswerable)? {
            self.bring(&answer, told).await?;
        }
        Ok(())
    }

    /// Takes a file to the payers, and brings their answers.
    async fn carry(&mut self, file: &claims::SubmissionBatch, told: &mut Answered) -> Result<(), Error> {
        use claims::SubmissionBatchState::{Created, Failed};
        if file.state() == Failed {
            return Ok(());
        }
        let bytes = self.fetch(&file.id).await?;
        self.keep(&format!("{:09}.837", file.control_number), &bytes)?;
        // whoever answers it again says the same, of the same day
        let answers = self.payers.answer(&bytes, written_at(file)?).map_err(unanswerable)?;
        if file.state() == Created {
            self.confirm(file).await?;
        }
        for answer in answers {
            self.bring(&answer, told).await?;
        }
        Ok(())
    }

    async fn fetch(&self, id: &str) -> Result<Vec<u8>, Error> {
        let request = claims::GetSubmissionBatchRequest { id: id.to_owned(), ..Default::default() };
        let path = "/therapy.claims.v1.ClearinghouseService/GetSubmissionBatch";
        let fetched = self.caller.call(path, request, |client, request| async move {
            let mut parts = client.clearinghouse().get_submission_batch(request).await?.into_inner();
            let mut bytes = Vec::new();
            while let Some(part) = parts.message().await? {
                if let Some(claims::get_submission_batch_response::Part::Content(piece)) = part.part {
                    bytes.extend(piece);
                }
            }
            Ok(Response::new(bytes))
        });
        fetched.await
    }

    /// Tells that the file was sent. That a claim of it has moved on is no error.
    async fn confirm(&self, file: &claims::SubmissionBatch) -> Result<(), Error> {
        let request = claims::ConfirmTransmissionRequest {
            reference: format!("sim-{}", file.control_number),
            batch: Some(claims::BatchRef { batch_id: file.id.clone(), content_hash: file.content_hash.clone() }),
            ..Default::default()
        };
        let confirmed = rpc!(
            self.caller,
            clearinghouse.confirm_transmission,
            "claims.v1.ClearinghouseService/ConfirmTransmission",
            request
        );
        for result in confirmed.await?.results {
            if let Some(claims::transmission_result::Outcome::Problem(problem)) = result.outcome {
                tracing::warn!(reason = problem.reason, "a transmission was not confirmed");
            }
        }
        Ok(())
    }

    async fn bring(&self, answer: &Answer, told: &mut Answered) -> Result<(), Error> {
        self.keep(&format!("{:09}.{}", answer.control_number, answer.kind.extension()), &answer.bytes)?;
        let piece = |bytes: &[u8]| claims::IngestResponseRequest { content: bytes.to_vec() };
        let pieces: Vec<_> = answer.bytes.chunks(PIECE).map(piece).collect();
        let path = "/therapy.claims.v1.ClearinghouseService/IngestResponse";
        let send = |client: Client, request: Request<Vec<_>>| async move {
            client.clearinghouse().ingest_response(request.map(stream::iter)).await
        };
        // bytes that came before concern no practice again
        let is_new = |ingested: &claims::IngestResponseResponse| !ingested.repeated;
        let ingested = self.caller.call_if(path, pieces, send, is_new).await?;
        for problem in ingested.problem.iter().chain(ingested.messages.iter().filter_map(|one| one.problem.as_ref())) {
            tracing::warn!(reason = problem.reason, "an answer was not taken");
        }
        told.add(&ingested);
        Ok(())
    }

    fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let Some(path) = self.out.as_ref().map(|directory| directory.join(name)) else { return Ok(()) };
        std::fs::write(&path, bytes).map_err(|source| Error::File { path, source })
    }
}

fn written_at(file: &claims::SubmissionBatch) -> Result<NaiveDateTime, Error> {
    let at = file.created_at.and_then(|at| DateTime::from_timestamp(at.seconds, 0));
    at.map(|at| at.naive_utc()).ok_or_else(|| Error::Unexpected(format!("file {} has no time", file.id)))
}

fn unanswerable(error: impl std::error::Error + 'static) -> Error {
    Error::Unexpected(kernel::status::chain(&error))
}
