//! What an action does to its claim.
//!
//! First everything is looked at and put together, which is also how a proposal is checked; only then is it written.

use clinical::billing;
use feed::Hub;
use kernel::Failure;
use schema::Tx;

use super::error::Error;
use super::{ActionKind, ClaimAction};
use crate::claim::{Acknowledged, Bill, saved, validated};
use crate::codes::Reference;
use crate::event::{Kind, News};
use crate::judge::judge;
use crate::ledger::{self, LedgerEntry};
use crate::lifecycle::Event;
use crate::payer::PayerList;
use crate::rules::{Finding, Severity, TIMELY_FILING_EXPIRED};
use crate::submission::{self, Submission};

/// A claim as the action leaves it, and what goes with that. Nothing of it is written yet.
#[derive(Debug)]
pub(super) struct Effect {
    bill: Bill,
    kind: Kind,
    news: News,
    submission: Option<Submission>,
    ledger: Vec<LedgerEntry>,
}

impl Effect {
    /// What the action makes of the claim, which must be locked.
    ///
    /// # Errors
    /// When the claim doesn't allow it as it stands.
    pub(super) async fn of(tx: &Tx<'_>, payers: &PayerList, action: &ClaimAction, bill: Bill) -> Result<Self, Failure> {
        let news = News { from: Some(bill.claim.status), ..News::default() };
        let effect = Self { bill, kind: Kind::Unspecified, news, submission: None, ledger: Vec::new() };
        match action.kind {
            ActionKind::Void => effect.void(tx),
            ActionKind::WriteOff => effect.write_off(tx, &payers.codes).await,
            ActionKind::TimelyFilingOverride => effect.file_late(tx, payers, action).await,
            ActionKind::Appeal => effect.appeal(tx, action).await,
        }
    }

    /// Sends it once more, as a void of what the payer knows by its own number.
    fn void(mut self, tx: &Tx<'_>) -> Result<Self, Failure> {
        let (scope, claim) = (tx.scope(), &mut self.bill.claim);
        claim.apply(Event::VoidRequested { at: scope.now() })?;
        let number = claim.payer_claim_number.clone().ok_or(Error::NoPayerClaimNumber)?;
        claim.attempt += 1;
        claim.submitted_at = Some(scope.now());
        let submission = Submission::voiding(scope, claim, &number)?;
        self.news.submission = Some(submission.id);
        self.submission = Some(submission);
        self.kind = Kind::Submitted;
        Ok(self)
    }

    async fn write_off(mut self, tx: &Tx<'_>, codes: &Reference) -> Result<Self, Failure> {
        self.bill.claim.apply(Event::DenialClosed { write_off: true })?;
        let balances = ledger::store::balances(tx, self.bill.claim.id).await?;
        self.ledger = ledger::write_off(balances, codes, tx.scope().now().date_naive());
        self.kind = Kind::WrittenOff;
        Ok(self)
    }

    /// Waits for the payer to decide once more.
    async fn appeal(mut self, tx: &Tx<'_>, action: &ClaimAction) -> Result<Self, Failure> {
        self.bill.claim.apply(Event::Appealed { at: tx.scope().now() })?;
        let today = billing::local_date(&billing::store::time_zone(tx).await?, tx.scope().now())?;
        if action.deadline.is_some_and(|deadline| deadline < today) {
            return Err(Error::AppealTooLate.into());
        }
        self.kind = Kind::Appealed;
        Ok(self)
    }

    /// Says why it is late, and accepts that it is. It is a draft then, as after every edit.
    async fn file_late(mut self, tx: &Tx<'_>, payers: &PayerList, action: &ClaimAction) -> Result<Self, Failure> {
        let bill = &mut self.bill;
        bill.claim.apply(Event::Edited)?;
        let facts = billing::read(tx, bill.claim.session_id).await?;
        let before = judge(tx, &facts, bill, payers).await?;
        if !before.findings.iter().any(|finding| is_late(finding, Severity::Error)) {
            return Err(Error::NotLate.into());
        }
        bill.claim.delay_reason_code.clone_from(&action.delay_reason_code);
        bill.claim.snapshot = None;
        let judgement = judge(tx, &facts, bill, payers).await?;
        let (user_id, at) = (tx.scope().actor_id(), tx.scope().now());
        let accepted = judgement.findings.iter().filter(|finding| is_late(finding, Severity::Warning)).map(|finding| {
            Acknowledged { code: finding.code.to_string(), field: finding.field.to_string(), user_id, at }
        });
        bill.claim.acknowledged_warnings.0.extend(accepted);
        judgement.note(bill);
        validated(bill, &judgement)?;
        self.news.reasons = vec![TIMELY_FILING_EXPIRED.to_owned()];
        self.kind = Kind::FilingOverridden;
        Ok(self)
    }

    /// Writes and tells it, all with the commit.
    pub(super) fn carry_out(self, tx: &Tx<'_>, hub: &Hub) {
        let Self { mut bill, kind, news, submission, ledger } = self;
        let event = saved(tx, &mut bill, kind, news, false);
        if let Some(submission) = submission {
            submission::store::insert_at_commit(tx, vec![submission]);
        }
        ledger::store::insert_at_commit(tx, bill.claim.id, ledger);
        feed::append(tx, hub, vec![event]);
    }
}

fn is_late(finding: &Finding, severity: Severity) -> bool {
    finding.code == TIMELY_FILING_EXPIRED && finding.severity == severity
}
