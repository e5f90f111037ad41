//! The claims that a claim speaks of: the one it replaces, and those to the payers before its own.

use futures_util::join;
use kernel::Failure;
use kernel::id::ClaimId;
use schema::Tx;

use self::prior::Decided;
use crate::claim::{Bill, Claim, store};
use crate::ledger;
use crate::lifecycle::{Disposition, PayerState, Status};
use crate::remittance;
use crate::rules::ReplacedClaim;
use crate::snapshot::PriorPayer;

mod prior;

/// Replacements of replacements, at most.
const CHAIN_MAX: usize = 20;

/// What is known of them now.
#[derive(Debug, Default)]
pub struct Related {
    pub replaces: Option<Claim>,
    /// The decisions of the earlier payers, the first payer's first.
    pub prior_payers: Vec<PriorPayer>,
}

impl Related {
    /// Sends statements only where the claim has such.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(tx: &Tx<'_>, claim: &Claim) -> Result<Self, Failure> {
        if claim.replaces_claim_id.is_none() && claim.prior_claim_id.is_none() {
            return Ok(Self::default());
        }
        // what few claims need is kept off the stacks of all
        Box::pin(Self::gather(tx, claim)).await
    }

    async fn gather(tx: &Tx<'_>, claim: &Claim) -> Result<Self, Failure> {
        let mut related = Self::default();
        if let Some(id) = claim.replaces_claim_id {
            related.replaces = Some(store::get(tx, id).await?.peek().claim.clone());
        }
        let mut next = claim.prior_claim_id;
        while let Some(id) = next {
            let prior = decided(tx, id).await?;
            next = prior.claim.prior_claim_id;
            if matches!(prior.claim.status, Status::Paid | Status::Denied) {
                let (standing, posted) =
                    join!(ledger::store::standing(tx, prior.claim.id), remittance::store::posted(tx, prior.claim.id));
                let ((balances, on), posted) = (standing?, posted?);
                let decided = Decided { bill: &prior, balances: &balances, posted: posted.peek(), on };
                related.prior_payers.insert(0, decided.payer(&claim.claim_number));
            }
        }
        Ok(related)
    }

    /// The payer's number of the claim that is replaced; empty where there is none.
    #[must_use]
    pub fn original_payer_claim_number(&self) -> &str {
        self.replaces.as_ref().and_then(|claim| claim.payer_claim_number.as_deref()).unwrap_or_default()
    }

    /// What the rules ask of the claim that is replaced.
    #[must_use]
    pub fn replaced_claim(&self) -> Option<ReplacedClaim> {
        let claim = self.replaces.as_ref()?;
        let frozen = claim.snapshot.as_ref();
        Some(ReplacedClaim {
            was_accepted: was_accepted(claim),
            payer_id: claim.payer_id.clone().unwrap_or_default(),
            patient_id: claim.patient_id,
            billing_npi: frozen.map(|snapshot| snapshot.0.billing_provider.npi.clone()).unwrap_or_default(),
        })
    }
}

/// Whether the payer took it in, as it stands beneath a void or replacement.
fn was_accepted(claim: &Claim) -> bool {
    let (status, payer_state) = claim.state().standing.unwrap_or((claim.status, claim.payer_state));
    let is_in_adjudication = matches!(
        payer_state,
        PayerState::Accepted | PayerState::Pended | PayerState::Reversed | PayerState::Appealed | PayerState::Forwarded
    );
    claim.disposition != Disposition::Voided
        && (matches!(status, Status::Paid | Status::Denied) || (status == Status::Submitted && is_in_adjudication))
}

/// The claim, or the one that the payer took in its place.
async fn decided(tx: &Tx<'_>, id: ClaimId) -> Result<Bill, Failure> {
    let mut bill = store::get(tx, id).await?.peek().clone();
    for _ in 0..CHAIN_MAX {
        match bill.claim.replaced_by_claim_id {
            Some(id) if bill.claim.disposition == Disposition::Replaced => {
                bill = store::get(tx, id).await?.peek().clone();
            }
            Some(_) | None => break,
        }
    }
    Ok(bill)
}
