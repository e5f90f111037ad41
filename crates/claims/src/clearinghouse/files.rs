//! Claim files of adapters: writing, reading and listing them, and what became of their transmission.

use audit::vault::once;
use audit::{Action, Change, Entry};
use futures_util::future::try_join_all;
use futures_util::{StreamExt, stream};
use kernel::{Ctx, Failure, Phi, Scope, Violations};
use schema::Tx;
use therapy_claims::claims::v1 as pb;
use tonic::Status;

use super::convert::result;
use super::transmit::{Confirmation, Named, Why};
use super::{Clearinghouse, scope_in, transmit};
use crate::batch::convert::{Named as NamedBatch, to_pb, wanted};
use crate::batch::{Batch, BatchState, create, store};
use crate::rules::{Finding, Severity, Source};
use crate::snapshot::convert::to_pb as snapshot_to_pb;
use crate::submission;

/// Bytes of one message of a file.
const PIECE: usize = 256 * 1024;
/// Claims of one message of a file.
const CLAIMS: usize = 100;
/// Why a submission failed that no file can hold.
const UNFIT: &str = "CLAIM_FITS_NO_FILE";

/// A file in parts.
pub(super) type Parts = stream::BoxStream<'static, Result<pb::GetSubmissionBatchResponse, Status>>;

impl Clearinghouse {
    /// Writes files in each practice in reach, each practice in a transaction of its own.
    pub(super) async fn create_batches(
        &self,
        ctx: &Ctx,
        message: &pb::CreateSubmissionBatchRequest,
    ) -> Result<pb::CreateSubmissionBatchResponse, Failure> {
        let first = ctx.scope()?;
        let mut v = Violations::new();
        let once = once(&mut v, first, &message.request_id, message);
        let wanted = wanted(&mut v, message);
        let wanted = &v.done(wanted)?;
        let mut answer = pb::CreateSubmissionBatchResponse::default();
        for scope in ctx.scopes() {
            let write =
                self.vault.write(scope, once.as_ref(), || async move |tx: &Tx<'_>| create::create(tx, wanted).await);
            let made = Box::pin(write).await?;
            for problem in &made.problems {
                Box::pin(self.give_back(scope, problem)).await?;
            }
            answer.batches.extend(made.batches);
            answer.problems.extend(made.problems);
            answer.has_more |= made.has_more;
        }
        Ok(answer)
    }

    /// A claim that no file can hold is ready again, with what stands in the way.
    async fn give_back(&self, scope: &Scope, problem: &pb::SubmissionProblem) -> Result<(), Failure> {
        let mut v = Violations::new();
        let named = Named {
            claim: v.id("claim_id", &problem.claim_id),
            submission: v.id("submission_id", &problem.submission_id),
            hash: None,
        };
        let named = &[v.done(named)?];
        let violations = problem.problem.iter().flat_map(|problem| &problem.violations);
        let findings: Vec<Finding> = violations
            .map(|violation| Finding {
                code: UNFIT.into(),
                severity: Severity::Error,
                field: violation.field.clone().into(),
                message: violation.description.clone().into(),
                rule_set_version: crate::rules::RULE_SET_VERSION.into(),
                source: Source::Local,
            })
            .collect();
        let why = &Why { reason: UNFIT, findings: &findings };
        let write = self.vault.write(scope, None, || {
            async move |tx: &Tx<'_>| {
                let (_, entry) = transmit::fail(tx, &self.hub, named, why).await?;
                Ok(Change::recorded(entry, Phi::new(pb::ReportTransmissionFailureResponse::default())))
            }
        });
        write.await.map(drop)
    }

    /// The scope in which the file is, among those in reach; the first where none has it, so that it is not found there.
    async fn scope_of_batch<'a>(&self, ctx: &'a Ctx, batch: &NamedBatch) -> Result<&'a Scope, Failure> {
        let first = ctx.scope()?;
        let [_, _, ..] = ctx.scopes() else { return Ok(first) };
        let practice = store::practice_of(self.vault.db(), batch.id, first.actor_id(), first.now()).await?;
        Ok(practice.and_then(|practice| scope_in(ctx, practice)).unwrap_or(first))
    }

    /// A file, as far as asked for. It is on record before anything of it leaves.
    pub(super) async fn batch_parts(
        &self,
        ctx: &Ctx,
        message: &pb::GetSubmissionBatchRequest,
    ) -> Result<Parts, Failure> {
        use pb::SubmissionBatchView as View;
        ctx.scope()?;
        let mut v = Violations::new();
        let batch = NamedBatch { id: v.id("id", &message.id), hash: None };
        let view = View::try_from(message.view).ok();
        let view = v.known("view", view, View::Basic);
        let batch = v.done(batch)?;
        let scope = self.scope_of_batch(ctx, &batch).await?;
        let wants_bytes = matches!(view, View::Unspecified | View::Content | View::Full);
        let wants_claims = matches!(view, View::Claims | View::Full);
        let found = self.vault.db().read(scope, async |tx| {
            let found = store::get(tx, batch.id).await?;
            let held = if wants_bytes || wants_claims { store::held(tx, batch.id).await? } else { Vec::new() };
            let content = if wants_bytes { Some(store::content(tx, batch.id).await?) } else { None };
            let ids: Vec<_> = held.iter().map(|(id, ..)| *id).collect();
            let claims = if wants_claims { Some(submission::store::get_many(tx, &ids).await?) } else { None };
            Ok((found, held, content, claims))
        });
        let (found, held, content, claims) = found.await?;
        let mut entries = vec![Entry::of(scope, Action::View, &found)];
        // as many as it takes to name every patient
        for held in held.chunks(create::ENTRY_CLAIMS) {
            let mut claims = Entry::bare(scope, Action::View, create::RESOURCE);
            held.iter().for_each(|(_, claim, patient)| claims.add(claim.uuid(), Some(patient.uuid())));
            entries.push(claims);
        }
        let recorded = try_join_all(entries.into_iter().map(|entry| self.vault.batcher().record(entry))).await?;
        let receipt = recorded.into_iter().next().ok_or_else(|| Failure::internal("a file was read unrecorded"))?;
        scope.facts().note_entry();
        let bytes = content.map_or_else(Vec::new, |content| content.release(&receipt));
        let claims = claims.map_or_else(Vec::new, |claims| claims.release(&receipt));
        Ok(parts(found, &bytes, claims))
    }

    /// A page of files of the first practice in reach.
    pub(super) async fn list_batches(
        &self,
        ctx: &Ctx,
        message: &pb::ListSubmissionBatchesRequest,
    ) -> Result<pb::ListSubmissionBatchesResponse, Failure> {
        let scope = ctx.scope()?;
        let mut v = Violations::new();
        let state = crate::batch::convert::state(&mut v, message.state);
        let page = scope.page(&mut v, message.page_size, &message.page_token, &state);
        let page = &v.done(page)?;
        let found = self.vault.db().read_one(scope, async move |tx| store::list(tx, state, page).await).await?;
        let batches = found.items.into_iter().map(to_pb).collect();
        Ok(pb::ListSubmissionBatchesResponse { batches, next_page_token: found.next_page_token })
    }

    /// Confirms a whole file.
    pub(super) async fn confirm_batch(
        &self,
        ctx: &Ctx,
        message: &pb::ConfirmTransmissionRequest,
        batch: &NamedBatch,
        confirmation: &Confirmation,
    ) -> Result<pb::ConfirmTransmissionResponse, Failure> {
        let scope = self.scope_of_batch(ctx, batch).await?;
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, message);
        v.done(())?;
        let write = self.vault.write(scope, once.as_ref(), || {
            async move |tx: &Tx<'_>| {
                let (mut found, named) = held(tx, batch).await?;
                let change = transmit::confirm(tx, &self.hub, &named, confirmation).await?;
                if found.state == BatchState::Created {
                    found.state = BatchState::Transmitted;
                    found.transmitted_at = Some(confirmation.transmitted_at);
                    found.transmission_ref.clone_from(&confirmation.reference);
                    store::save(tx, &found).await?;
                }
                Ok(change)
            }
        });
        Box::pin(write).await
    }

    /// Tells that a whole file can't be sent.
    pub(super) async fn fail_batch(
        &self,
        ctx: &Ctx,
        message: &pb::ReportTransmissionFailureRequest,
        batch: &NamedBatch,
        reason: &str,
    ) -> Result<pb::ReportTransmissionFailureResponse, Failure> {
        let scope = self.scope_of_batch(ctx, batch).await?;
        let mut v = Violations::new();
        let once = once(&mut v, scope, &message.request_id, message);
        v.done(())?;
        let write = self.vault.write(scope, once.as_ref(), || {
            async move |tx: &Tx<'_>| {
                let (mut found, named) = held(tx, batch).await?;
                match found.state {
                    BatchState::Created | BatchState::Failed => {}
                    BatchState::Transmitted | BatchState::Acknowledged | BatchState::Rejected => {
                        return Err(transmit::settled("BATCH_TRANSMITTED", "the batch was confirmed as sent"));
                    }
                }
                let why = Why { reason, findings: &[] };
                let (outcomes, entry) = transmit::fail(tx, &self.hub, &named, &why).await?;
                if found.state == BatchState::Created {
                    found.state = BatchState::Failed;
                    found.failed_at = Some(tx.scope().now());
                    found.failure_reason = Some(reason.to_owned());
                    store::save(tx, &found).await?;
                }
                let results = named.iter().zip(outcomes).map(|(named, outcome)| result(named.submission, outcome));
                let answer = pb::ReportTransmissionFailureResponse { claim: None, results: results.collect() };
                Ok(Change::recorded(entry, Phi::new(answer)))
            }
        });
        Box::pin(write).await
    }
}

/// The file, locked, and what it holds; if it is the one that the caller has.
async fn held(tx: &Tx<'_>, batch: &NamedBatch) -> Result<(Batch, Vec<Named>), Failure> {
    let found = store::lock(tx, batch.id).await?;
    if batch.hash.as_ref().is_some_and(|hash| *hash != found.content_hash) {
        return Err(transmit::settled("CONTENT_HASH_MISMATCH", "what was sent is not what was written"));
    }
    let held = store::held(tx, batch.id).await?;
    let named = held.into_iter().map(|(submission, claim, _)| Named { claim, submission, hash: None });
    Ok((found, named.collect()))
}

fn parts(batch: Batch, bytes: &[u8], claims: Vec<submission::Submission>) -> Parts {
    use pb::get_submission_batch_response::Part;
    let mut all = vec![Part::Batch(to_pb(batch))];
    all.extend(bytes.chunks(PIECE).map(|piece| Part::Content(piece.to_vec())));
    let claims: Vec<pb::ClaimSnapshot> = claims.into_iter().map(snapshot_to_pb).collect();
    all.extend(claims.chunks(CLAIMS).map(|claims| Part::Claims(pb::SubmissionClaims { claims: claims.to_vec() })));
    stream::iter(all.into_iter().map(|part| Ok(pb::GetSubmissionBatchResponse { part: Some(part) }))).boxed()
}
