//! `ClearinghouseService`. Each handler makes the same moves: context, parse, transaction, convert, answer.

use std::collections::{BTreeMap, HashMap};

use audit::vault::once;
use audit::{Action, Change, Entry, Outcome};
use feed::subscription::{self, Name, Subscription, Target};
use futures_util::future::try_join_all;
use kernel::{Call, Ctx, Failure, Phi, PracticeId, Scope, Violations, answer};
use schema::Tx;
use therapy_claims::claims::v1 as pb;
use tonic::{Request, Response, Status, Streaming};

use super::files::Parts;
use super::transmit::{Confirmation, Why};
use super::wire::{Encoded, Typed, typed};
use super::{Clearinghouse, convert, events, respond, scope_in, transmit};
use crate::inbound::ingest::Ingest;
use crate::response;

const EVENTS_DEFAULT: usize = 50;
const EVENTS_MAX: usize = 500;
const LIST_PRACTICES_MAX: usize = 100;
const SUBSCRIPTION: &str = "subscription";

/// A subscription of the caller; of people, who have none, too.
fn named<'a>(scope: &Scope, name: &'a str) -> Name<'a> {
    Name { account: scope.actor_id(), name }
}

fn practices(ctx: &Ctx) -> Vec<PracticeId> {
    ctx.scopes().iter().map(Scope::practice).collect()
}

/// Practices named must be in reach; one that is not answers as one that does not exist.
fn reachable<'a>(ctx: &'a Ctx, named: &BTreeMap<PracticeId, i64>) -> Result<Vec<&'a Scope>, Failure> {
    let in_reach =
        |practice: &PracticeId| scope_in(ctx, *practice).ok_or_else(|| Failure::not_found("practice", practice));
    named.keys().map(in_reach).collect()
}

fn subscription_to_pb(scope: &Scope, name: &str, subscription: &Subscription) -> pb::Subscription {
    pb::Subscription {
        name: name.to_owned(),
        service_account_id: scope.actor_id().to_string(),
        connected: subscription.connected,
        lease_epoch: subscription.epoch,
        practices: subscription.practices.iter().map(|at| convert::standing(at, scope.now())).collect(),
        created_at: Some(kernel::clock::timestamp(subscription.created_at)),
    }
}

/// Reads where a seek goes.
fn target(v: &mut Violations, target: Option<&pb::seek_subscription_request::Target>) -> Target {
    use pb::seek_subscription_request::Target as Wire;
    match target {
        Some(Wire::Beginning(())) => Target::Beginning,
        Some(Wire::Now(())) => Target::Now,
        Some(Wire::Positions(all)) => Target::Positions(convert::feed_positions(v, "positions.positions", Some(all))),
        None => {
            v.add("target", "must be one of beginning, now, positions");
            Target::Now
        }
    }
}

impl Clearinghouse {
    /// The body of `SeekSubscription`: in the system's chain, as a subscription is nobody's practice's; and told in the
    /// trail of each practice whose events it moves.
    async fn seek(
        &self,
        tx: &Tx<'_>,
        ctx: &Ctx,
        name: &str,
        target: &Target,
        reason: &str,
    ) -> Result<Change<pb::Subscription>, Failure> {
        let scope = tx.scope();
        let (mut planned, to) = self.reader.plan_seek(named(scope, name), &practices(ctx), target, scope.now()).await?;
        let entry = |scope: &Scope| {
            Entry::bare(scope, Action::Update, SUBSCRIPTION).with(planned.id.uuid()).ended(Outcome::Allowed, reason)
        };
        let touched = to.keys().filter_map(|practice| scope_in(ctx, *practice));
        try_join_all(touched.map(|scope| self.vault.batcher().record(entry(scope)))).await?;
        let entry = entry(scope);
        planned.epoch = subscription::seek(tx, named(scope, name), &to).await?;
        Ok(Change::recorded(entry, Phi::new(subscription_to_pb(scope, name, &planned))))
    }

    /// The scope in which an answer to that claim number is recorded.
    async fn scope_of_number<'a>(&self, ctx: &'a Ctx, number: &str) -> Result<&'a Scope, Failure> {
        let first = ctx.scope()?;
        // with one practice in reach, its own rows tell
        let [_, _, ..] = ctx.scopes() else { return Ok(first) };
        let practice = response::store::practice_of(self.vault.db(), number, first.actor_id(), first.now()).await?;
        practice.and_then(|practice| scope_in(ctx, practice)).ok_or_else(|| respond::unknown(number))
    }
}

impl Clearinghouse {
    /// Serves `Subscribe`.
    pub(super) async fn stream(&self, request: Request<pb::SubscribeRequest>) -> Result<Response<Encoded>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let mut v = Violations::new();
            let name = convert::name(&mut v, &message.subscription);
            let full = convert::is_full(&mut v, message.view);
            let request = convert::subscribe(&mut v, &message);
            let request = v.done(request)?;
            self.open(&ctx, &name, request, full).await
        })
        .await
    }
}

#[tonic::async_trait]
impl pb::clearinghouse_service_server::ClearinghouseService for Clearinghouse {
    type SubscribeStream = Typed;
    type GetSubmissionBatchStream = Parts;

    async fn subscribe(&self, request: Request<pb::SubscribeRequest>) -> Result<Response<Typed>, Status> {
        Ok(self.stream(request).await?.map(typed))
    }

    async fn acknowledge(
        &self,
        request: Request<pb::AcknowledgeRequest>,
    ) -> Result<Response<pb::AcknowledgeResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let name = convert::name(&mut v, &message.subscription);
            let positions = convert::acknowledged(&mut v, &message.positions);
            let mut positions = v.done(positions)?;
            // a grant may have ended since the event was sent
            positions.retain(|practice, _| scope_in(&ctx, *practice).is_some());
            let name = named(scope, &name);
            let cursors =
                self.reader.acknowledge(name, message.lease_epoch, &positions, &self.hub, scope.now()).await?;
            let positions = convert::positions_to_pb(cursors.into_iter().map(|cursor| (cursor.practice, cursor.acked)));
            Ok(pb::AcknowledgeResponse { positions })
        })
        .await
    }

    async fn list_claim_events(
        &self,
        request: Request<pb::ListClaimEventsRequest>,
    ) -> Result<Response<pb::ListClaimEventsResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            ctx.scope()?;
            let mut v = Violations::new();
            let size = match usize::try_from(message.page_size) {
                Ok(0) => EVENTS_DEFAULT,
                Ok(size) => size.min(EVENTS_MAX),
                Err(_negative) => {
                    v.add("page_size", "must not be negative");
                    EVENTS_DEFAULT
                }
            };
            let listing = events::Listing {
                after: convert::some_positions(&mut v, "after", &message.after, LIST_PRACTICES_MAX),
                topics: convert::payers(&mut v, &message.payer_ids),
                size,
                full: convert::is_full(&mut v, message.view),
            };
            let listing = v.done(listing)?;
            let scopes = reachable(&ctx, &listing.after)?;
            let listed = events::list(&self.vault, &self.reader, &scopes, &listing).await?;
            if listed.events.is_empty() {
                // that nothing was there is an answer too, and every answer is on record
                let scope = scopes.first().copied().map_or_else(|| ctx.scope(), Ok)?;
                self.vault.batcher().record(Entry::bare(scope, Action::View, "claim")).await?;
                scope.facts().note_entry();
            }
            Ok(listed)
        })
        .await
    }

    async fn get_subscription(
        &self,
        request: Request<pb::GetSubscriptionRequest>,
    ) -> Result<Response<pb::Subscription>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let name = convert::name(&mut v, &message.subscription);
            let name = v.done(name)?;
            let found = self.reader.subscription(named(scope, &name), &practices(&ctx), scope.now()).await?;
            Ok(subscription_to_pb(scope, &name, &found))
        })
        .await
    }

    async fn seek_subscription(
        &self,
        request: Request<pb::SeekSubscriptionRequest>,
    ) -> Result<Response<pb::Subscription>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            ctx.scope()?;
            let scope = &Scope::practiceless(ctx.identity()?, ctx.facts());
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let name = &convert::name(&mut v, &message.subscription);
            let target = target(&mut v, message.target.as_ref());
            let reason = &v.text("reason", &message.reason, 200);
            if reason.chars().count() < 10 {
                v.add("reason", "must have at least 10 characters");
            }
            let target = &v.done(target)?;
            if let Target::Positions(positions) = target {
                reachable(&ctx, positions)?;
            }
            let ctx = &ctx;
            let write = self
                .vault
                .write(scope, once.as_ref(), || async move |tx| self.seek(tx, ctx, name, target, reason).await);
            let sought = Box::pin(write).await?;
            subscription::moved(&self.hub);
            Ok(sought)
        })
        .await
    }

    async fn create_submission_batch(
        &self,
        request: Request<pb::CreateSubmissionBatchRequest>,
    ) -> Result<Response<pb::CreateSubmissionBatchResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.create_batches(&ctx, &message).await }).await
    }

    async fn get_submission_batch(
        &self,
        request: Request<pb::GetSubmissionBatchRequest>,
    ) -> Result<Response<Parts>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.batch_parts(&ctx, &message).await }).await
    }

    async fn list_submission_batches(
        &self,
        request: Request<pb::ListSubmissionBatchesRequest>,
    ) -> Result<Response<pb::ListSubmissionBatchesResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async { self.list_batches(&ctx, &message).await }).await
    }

    async fn ingest_response(
        &self,
        request: Request<Streaming<pb::IngestResponseRequest>>,
    ) -> Result<Response<pb::IngestResponseResponse>, Status> {
        let Call { ctx, message: bytes } = Call::of(request)?;
        answer(&ctx, async {
            let payers = &self.payers.list().await?;
            let ingest = Ingest { vault: &self.vault, hub: &self.hub, payers, ctx: &ctx };
            Box::pin(ingest.run(bytes)).await
        })
        .await
    }

    async fn confirm_transmission(
        &self,
        request: Request<pb::ConfirmTransmissionRequest>,
    ) -> Result<Response<pb::ConfirmTransmissionResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let now = scope.now();
            let confirmation = Confirmation {
                transmitted_at: response::convert::said_at(&mut v, "transmitted_at", message.transmitted_at, now),
                reference: v.optional_text("reference", &message.reference, 80),
            };
            if let Some(batch) = &message.batch {
                if !message.submissions.is_empty() {
                    v.add("submissions", "must be left out when a batch is named");
                }
                let batch = crate::batch::convert::named(&mut v, batch);
                let batch = v.done(batch)?;
                return self.confirm_batch(&ctx, &message, &batch, &confirmation).await;
            }
            let all = convert::all_named(&mut v, &message.submissions);
            let all = v.done(all)?;
            let order: Vec<String> = all.iter().map(|n| n.submission.to_string()).collect();
            let mut results = HashMap::with_capacity(all.len());
            for (scope, named) in &self.by_practice(&ctx, all).await? {
                let confirmation = &confirmation;
                let write = self.vault.write(scope, once.as_ref(), || {
                    async move |tx| transmit::confirm(tx, &self.hub, named, confirmation).await
                });
                let confirmed = Box::pin(write).await?;
                results.extend(confirmed.results.into_iter().map(|result| (result.submission_id.clone(), result)));
            }
            let results = order.iter().filter_map(|id| results.remove(id)).collect();
            Ok(pb::ConfirmTransmissionResponse { results })
        })
        .await
    }

    async fn report_transmission_failure(
        &self,
        request: Request<pb::ReportTransmissionFailureRequest>,
    ) -> Result<Response<pb::ReportTransmissionFailureResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let reason = &v.text("reason_code", &message.reason_code, 40);
            if !reason.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
                v.add("reason_code", "must have capital letters, digits and underscores only");
            }
            if let Some(batch) = &message.batch {
                if message.submission.is_some() {
                    v.add("submission", "must be left out when a batch is named");
                }
                let batch = crate::batch::convert::named(&mut v, batch);
                let batch = v.done(batch)?;
                return self.fail_batch(&ctx, &message, &batch, reason).await;
            }
            let named = convert::named(&mut v, "submission", &message.submission.unwrap_or_default());
            let named = v.done(named)?;
            let sorted = self.by_practice(&ctx, vec![named.clone()]).await?;
            let (scope, named) = (sorted.first().map_or(scope, |(scope, _)| scope), &[named]);
            let why = &Why { reason, findings: &[] };
            let write = self.vault.write(scope, once.as_ref(), || {
                async move |tx: &Tx<'_>| {
                    let (outcomes, entry) = transmit::fail(tx, &self.hub, named, why).await?;
                    let claim = outcomes.into_iter().next().transpose()?;
                    let answer = pb::ReportTransmissionFailureResponse { claim, results: Vec::new() };
                    Ok(Change::recorded(entry, Phi::new(answer)))
                }
            });
            Box::pin(write).await
        })
        .await
    }

    async fn report_payer_response(
        &self,
        request: Request<pb::ReportPayerResponseRequest>,
    ) -> Result<Response<pb::ReportPayerResponseResponse>, Status> {
        let Call { ctx, message } = Call::of(request)?;
        answer(&ctx, async {
            let scope = ctx.scope()?;
            let mut v = Violations::new();
            let once = once(&mut v, scope, &message.request_id, &message);
            let report = response::convert::report(&mut v, &message, scope.now());
            let report = &v.done(report)?;
            let scope = self.scope_of_number(&ctx, &report.claim_number).await?;
            let codes = &self.payers.list().await?.codes;
            let write = self
                .vault
                .write(scope, once.as_ref(), || async move |tx| respond::respond(tx, &self.hub, codes, report).await);
            Box::pin(write).await
        })
        .await
    }
}
