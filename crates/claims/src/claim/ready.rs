//! Making a claim ready. A refusal is durable too: what was found stays on the claim.

use std::borrow::Cow;

use audit::{Action, Change, Entry};
use clinical::billing;
use kernel::id::{ClaimId, PatientId};
use kernel::phi::Disclosed;
use kernel::{Failure, Phi, etag};
use prost::Message;
use schema::{Json, Tx};
use therapy_claims::claims::v1 as pb;
use uuid::Uuid;

use super::desk::{Desk, validated};
use super::error::Error;
use super::{Bill, Claim, convert, store};
use crate::event::{Kind, News};
use crate::judge::{Judgement, judge};
use crate::lifecycle::Event;
use crate::payer::PayerList;
use crate::repair::Repair;
use crate::rules::Finding;

/// How a move ended that validation can stop. Both ends are committed and stored for repeats, so it is told apart
/// only outside of the transaction.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Ruling {
    /// The claim, when nothing stood in the way.
    #[prost(message, optional, tag = "1")]
    pub(super) claim: Option<pb::Claim>,
    /// The codes of what did.
    #[prost(string, repeated, tag = "2")]
    pub(super) obstacles: Vec<String>,
}

impl Ruling {
    pub(super) fn of(bill: Bill, obstacles: Vec<String>, masked: bool) -> Self {
        Self { claim: obstacles.is_empty().then(|| convert::to_pb(bill, masked)), obstacles }
    }

    /// The claim, or `CLAIM_NOT_READY`.
    pub(super) fn into_answer(self) -> Result<pb::Claim, Failure> {
        self.claim.ok_or_else(|| Error::NotReady(self.obstacles).into())
    }
}

impl Desk {
    /// Judges a draft and freezes it, unless something stands in the way that the caller doesn't accept.
    pub(super) async fn mark_ready(
        &self,
        tx: &Tx<'_>,
        payers: &PayerList,
        id: ClaimId,
        expected: Option<i64>,
        accepted: &[String],
    ) -> Result<Change<Ruling>, Failure> {
        let scope = tx.scope();
        let mut bill = store::lock(tx, id).await?.peek().clone();
        etag::check(expected, bill.claim.version)?;
        bill.claim.state().apply(Event::MarkedReady)?;
        let facts = billing::read(tx, bill.claim.session_id).await?;
        let judgement = judge(tx, &facts, &bill, payers).await?;
        let before = bill.claim.clone();
        judgement.note(&mut bill);
        let fresh = convert::acknowledge(&bill, accepted, scope.actor_id(), scope.now());
        bill.claim.acknowledged_warnings.0.extend(fresh);
        let obstacles = judgement.obstacles(&bill);
        let kind = if obstacles.is_empty() { frozen(&mut bill, judgement)? } else { validated(&mut bill, &judgement)? };
        if kind == Kind::MarkedReady || is_news(&before, &bill.claim) {
            let news = News { from: Some(before.status), reasons: obstacles.clone(), ..News::default() };
            self.changed(tx, &mut bill, kind, news, false);
        }
        let entry = Entry::of(scope, Action::Update, &bill);
        Ok(Change::recorded(entry, Phi::new(Ruling::of(bill, obstacles, scope.is_masked()))))
    }
}

/// From here on the claim is what was judged, until it is edited.
fn frozen(bill: &mut Bill, judgement: Judgement) -> Result<Kind, Failure> {
    bill.claim.apply(Event::MarkedReady)?;
    // whatever payers found wrong with an earlier attempt is mended, or judged to be
    bill.claim.validation_errors = Json(judgement.findings);
    bill.claim.snapshot = Some(Json(judgement.snapshot));
    Ok(Kind::MarkedReady)
}

/// Whether a refusal found anything that the claim didn't say before; asking again and again leaves no trace.
fn is_news(before: &Claim, after: &Claim) -> bool {
    before.state() != after.state()
        || before.validation_errors != after.validation_errors
        || before.acknowledged_warnings != after.acknowledged_warnings
        || before.filing_deadline != after.filing_deadline
        || before.rule_set_version != after.rule_set_version
}

/// What the rules say of a claim, without a trace on it.
pub(super) struct Checked {
    claim: ClaimId,
    patient: PatientId,
    /// Each with whether somebody accepted it.
    findings: Vec<(Finding, bool)>,
    is_clean: bool,
    rule_set_version: Cow<'static, str>,
    repairs: Vec<Repair>,
}

/// Judges a claim as it stands.
pub(super) async fn check(tx: &Tx<'_>, payers: &PayerList, id: ClaimId) -> Result<Phi<Checked>, Failure> {
    let bill = store::get(tx, id).await?.peek().clone();
    let facts = billing::read(tx, bill.claim.session_id).await?;
    let judgement = judge(tx, &facts, &bill, payers).await?;
    let is_clean = judgement.is_clean(&bill);
    let accepted = |finding: Finding| {
        let accepted = bill.claim.has_acknowledged(&finding);
        (finding, accepted)
    };
    let findings = judgement.findings.into_iter().map(accepted).collect();
    Ok(Phi::new(Checked {
        claim: bill.claim.id,
        patient: bill.claim.patient_id,
        findings,
        is_clean,
        rule_set_version: judgement.rule_set_version,
        repairs: judgement.snapshot.repairs,
    }))
}

impl Checked {
    /// The answer; to whoever sees masked fields only, findings tell too much.
    pub(super) fn into_pb(self, masked: bool) -> pb::ValidateClaimResponse {
        let shown = self.findings.iter().filter(|_| !masked);
        let repairs = self.repairs.iter().filter(|_| !masked);
        pb::ValidateClaimResponse {
            findings: shown.map(|(finding, accepted)| convert::finding_to_pb(finding, *accepted)).collect(),
            blocked: !self.is_clean,
            rule_set_version: self.rule_set_version.into_owned(),
            repairs: repairs.map(|r| pb::Repair { code: r.code.to_string(), field: r.field.to_string() }).collect(),
        }
    }
}

impl Disclosed for Checked {
    const RESOURCE: &'static str = Claim::RESOURCE;
    fn disclosed(&self, each: &mut dyn FnMut(Uuid, Option<Uuid>)) {
        each(self.claim.uuid(), Some(self.patient.uuid()));
    }
}
