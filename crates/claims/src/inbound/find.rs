//! Which claim an answer is about: by its number, by the payer's, or by a number cut short together with all else that
//! identifies a service. Never by a name.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::join;
use kernel::{Failure, Phi};
use schema::tables::claims::claims;
use schema::{Error, Tx};
use x12::remittance::ClaimPayment;

use super::part::Said;
use super::remit::store::{member_id, service_date};
use crate::amount::cents;
use crate::claim::Claim;
use crate::remittance::mismatches;

/// Characters that a number cut short must still have.
const CUT_MIN: usize = 10;

/// The claims of answers, locked, each in the place of its answer. The payer is the one of the payer list who pays, if the
/// remittance names one of these.
pub(super) async fn all(tx: &Tx<'_>, said: &[&Said], payer: Option<&str>) -> Result<Vec<Option<Claim>>, Failure> {
    let numbers: Vec<&str> = said.iter().map(|said| said.claim_number.as_str()).collect();
    let payers: Vec<&str> = said.iter().filter_map(|said| payer_number(said)).collect();
    let (by_number, by_payer) = join!(by_numbers(tx, &numbers), by_payer_numbers(tx, &payers));
    let (by_number, by_payer) = (by_number?, by_payer?);
    let exact: HashMap<&str, &Claim> =
        by_number.peek().iter().map(|claim| (claim.claim_number.as_str(), claim)).collect();
    let of_payer = only_ones(by_payer.peek());
    let mut found = Vec::with_capacity(said.len());
    for said in said {
        let known = exact.get(said.claim_number.as_str()).copied();
        let claim = match (known.or_else(|| numbered_by_payer(&of_payer, said, payer)), &said.paid) {
            (Some(claim), _) => Some(claim.clone()),
            (None, Some((_, paid))) => cut_short(tx, paid).await?,
            (None, None) => None,
        };
        found.push(claim);
    }
    Ok(found)
}

/// By the payer's number. Each payer counts for itself, so that another payer's claim may have the same: the payer must not
/// be another one, and the member or the day must be told, and be the claim's.
fn numbered_by_payer<'a>(
    of_payer: &HashMap<&str, Option<&'a Claim>>,
    said: &Said,
    payer: Option<&str>,
) -> Option<&'a Claim> {
    let (_, paid) = said.paid.as_ref()?;
    let claim = of_payer.get(paid.payer_claim_number.as_deref()?).copied().flatten()?;
    let (member, day) = (member_id(paid), service_date(paid));
    let is_other_payer = payer.is_some_and(|payer| claim.payer_id.as_deref() != Some(payer));
    let agrees = (member.is_some() || day.is_some()) && mismatches(claim, member, day).is_empty();
    (agrees && !is_other_payer).then_some(claim)
}

/// Nothing for a number that several claims have.
fn only_ones(claims: &[Claim]) -> HashMap<&str, Option<&Claim>> {
    let mut found = HashMap::with_capacity(claims.len());
    for claim in claims {
        if let Some(number) = claim.payer_claim_number.as_deref() {
            found.entry(number).and_modify(|only| *only = None).or_insert(Some(claim));
        }
    }
    found
}

fn payer_number(said: &Said) -> Option<&str> {
    said.paid.as_ref().and_then(|(_, paid)| paid.payer_claim_number.as_deref())
}

async fn by_numbers(tx: &Tx<'_>, numbers: &[&str]) -> Result<Phi<Vec<Claim>>, Failure> {
    let query = claims::table
        .filter(claims::practice_id.eq(tx.practice()))
        .filter(claims::claim_number.eq_any(numbers))
        .order(claims::id)
        .select(Claim::as_select())
        .for_no_key_update();
    Ok(Phi::new(query.load(&mut tx.conn()).await.map_err(Error::from)?))
}

async fn by_payer_numbers(tx: &Tx<'_>, numbers: &[&str]) -> Result<Phi<Vec<Claim>>, Failure> {
    if numbers.is_empty() {
        return Ok(Phi::new(Vec::new()));
    }
    let query = claims::table
        .filter(claims::practice_id.eq(tx.practice()))
        .filter(claims::payer_claim_number.eq_any(numbers))
        .order(claims::id)
        .select(Claim::as_select())
        .for_no_key_update();
    Ok(Phi::new(query.load(&mut tx.conn()).await.map_err(Error::from)?))
}

/// The one claim whose number begins like that, whose day, charge and member are those of the answer.
async fn cut_short(tx: &Tx<'_>, paid: &ClaimPayment) -> Result<Option<Claim>, Failure> {
    let cut = paid.claim_number.as_str();
    let (Some(day), Some(member)) = (service_date(paid), member_id(paid)) else { return Ok(None) };
    if cut.len() < CUT_MIN || !cut.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let query = claims::table
        .filter(claims::practice_id.eq(tx.practice()))
        .filter(claims::claim_number.ge(cut))
        // behind every number that begins with it
        .filter(claims::claim_number.lt(format!("{cut}~")))
        .filter(claims::service_date.eq(day))
        .order(claims::id)
        .select(Claim::as_select())
        .for_no_key_update();
    let found: Vec<Claim> = query.load(&mut tx.conn()).await.map_err(Error::from)?;
    let charge = paid.charge.0.abs();
    let is_it = |claim: &&Claim| {
        let coverage = claim.snapshot.as_ref().and_then(|snapshot| snapshot.0.coverage.as_ref());
        cents(&claim.charge_amount) == Some(charge) && coverage.is_some_and(|coverage| coverage.member_id == member)
    };
    let mut all = found.iter().filter(is_it);
    Ok(match (all.next(), all.next()) {
        (Some(claim), None) => Some(claim.clone()),
        (None | Some(_), _) => None,
    })
}
