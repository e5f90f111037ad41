//! The claim to the patient's next payer, once the earlier one has paid and left something to the patient.

use audit::Change;
use bigdecimal::Zero;
use clinical::billing;
use clinical::coverage::{Coverage, Sequence};
use kernel::id::{ClaimId, CoverageId};
use kernel::{Failure, etag};
use schema::Tx;
use therapy_claims::claims::v1 as pb;

use super::desk::{Desk, created};
use super::error::Error;
use super::{Claim, PayerSequence, store};
use crate::assemble;
use crate::draft::drafted;
use crate::lifecycle::{Disposition, Status};
use crate::payer::PayerList;

impl Desk {
    /// Drafts it, for the coverage named or the patient's next one.
    pub(super) async fn bill_next(
        &self,
        tx: &Tx<'_>,
        payers: &PayerList,
        id: ClaimId,
        coverage: Option<CoverageId>,
        expected: Option<i64>,
    ) -> Result<Change<pb::Claim>, Failure> {
        let prior = store::lock(tx, id).await?.peek().clone();
        etag::check(expected, prior.claim.version)?;
        let sequence = after(&prior.claim)?;
        let facts = billing::read(tx, prior.claim.session_id).await?;
        let coverage = next_coverage(&facts, &prior.claim, sequence, coverage)?;
        let mut new = assemble::successor(tx.scope(), &prior);
        new.claim.prior_claim_id = Some(id);
        new.claim.coverage_id = Some(coverage.id);
        new.claim.bill_to(&coverage.payer_id, assemble::sequence(sequence));
        // the earlier payer's authorization is none of this one's
        new.claim.prior_authorization = None;
        let event = drafted(tx, payers, &facts, &mut new, facts.practice.auto_ready).await?;
        feed::append(tx, &self.hub, vec![event]);
        Ok(created(tx.scope(), new, &prior.claim))
    }
}

/// Whose turn it is after this claim, if it is anybody's.
fn after(prior: &Claim) -> Result<Sequence, Error> {
    if prior.status != Status::Paid || prior.disposition != Disposition::Active {
        return Err(Error::NotPaid);
    }
    if prior.is_forwarded {
        return Err(Error::Forwarded);
    }
    if prior.patient_responsibility_amount <= bigdecimal::BigDecimal::zero() {
        return Err(Error::NothingLeft);
    }
    match prior.payer_sequence {
        PayerSequence::Primary => Ok(Sequence::Secondary),
        PayerSequence::Secondary => Ok(Sequence::Tertiary),
        PayerSequence::Tertiary => Err(Error::NoNextCoverage),
    }
}

/// A coverage of that turn which holds on the day of the service.
fn next_coverage<'a>(
    facts: &'a billing::Facts,
    prior: &Claim,
    sequence: Sequence,
    named: Option<CoverageId>,
) -> Result<&'a Coverage, Failure> {
    let fits = |coverage: &Coverage| coverage.sequence == sequence && coverage.holds_on(prior.service_date);
    let found = match named {
        Some(id) => {
            let named = assemble::coverage_of(facts, id).ok_or_else(|| Failure::not_found("coverage", id))?;
            Some(named).filter(|coverage| fits(coverage))
        }
        None => facts.coverages.iter().find(|coverage| fits(coverage)),
    };
    Ok(found.ok_or(Error::NoNextCoverage)?)
}
