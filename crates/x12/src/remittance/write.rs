//! Writes an 835, as a payer would: for a simulated one.

#[cfg(test)]
mod tests;

use chrono::NaiveDate;

use super::{Adjustment, ClaimPayment, Direction, LinePayment, Payment, ProviderAdjustments, QualifiedAmount};
use crate::amount::Cents;
use crate::code::Code;
use crate::emit::Segment;
use crate::interchange::InterchangeWriter;
use crate::party::{Person, or_empty};
use crate::procedure::Procedure;
use crate::quantity::Quantity;
use crate::violation::{Refused, Violations};

/// How many remarks an MOA holds.
const REMARKS_MAX: usize = 5;

/// Writes one set, claim by claim, into a group that is open; positions and notes are not written.
///
/// What it adds up to is the caller's: see [`super::balance`].
#[derive(Debug)]
pub struct Writer<'a> {
    file: &'a mut InterchangeWriter,
}

impl<'a> Writer<'a> {
    /// Opens the set and writes its header.
    ///
    /// # Errors
    /// Names the fields that no 835 can hold; nothing is written then. Transfers are refused, since they need the
    /// account numbers that a [`Payment`] leaves out.
    pub fn begin(file: &'a mut InterchangeWriter, payment: &Payment) -> Result<Self, Refused> {
        check_payment(payment)?;
        file.begin_set();
        let direction = match payment.direction {
            Direction::Credit => "C",
            Direction::Debit => "D",
        };
        let mut bpr = file.segment("BPR");
        code(&mut bpr, payment.handling);
        bpr.amount(payment.amount).text(direction);
        code(&mut bpr, payment.method);
        date(bpr.empty(11), payment.paid_on);
        drop(bpr);
        file.segment("TRN")
            .text("1")
            .text(&payment.number)
            .text(or_empty(&payment.payer_identifier))
            .text(or_empty(&payment.payer_supplement));
        dated(file, "405", payment.produced_on);
        let payer = &payment.payer;
        let id = or_empty(&payer.id);
        let qualifier = if id.is_empty() { "" } else { "XV" };
        file.segment("N1").text("PR").text(or_empty(&payer.name)).text(qualifier).text(id);
        let address = &payer.address;
        if address.line1.is_some() || address.line2.is_some() {
            file.segment("N3").text(or_empty(&address.line1)).text(or_empty(&address.line2));
        }
        if address.city.is_some() || address.state.is_some() || address.postal_code.is_some() {
            let mut n4 = file.segment("N4");
            n4.text(or_empty(&address.city)).text(or_empty(&address.state)).text(or_empty(&address.postal_code));
        }
        let contact = &payer.contact;
        if contact.name.is_some() || contact.number.is_some() {
            let mut per = file.segment("PER");
            per.text("BL").text(or_empty(&contact.name));
            per.text(or_empty(&contact.qualifier)).text(or_empty(&contact.number));
        }
        let payee = &payment.payee;
        let (qualifier, id, reference) = match (&payee.npi, &payee.tax_id) {
            (Some(npi), tax_id) => ("XX", npi.as_str(), tax_id.as_deref()),
            (None, Some(tax_id)) => ("FI", tax_id.as_str(), None),
            (None, None) => ("", "", None),
        };
        file.segment("N1").text("PE").text(or_empty(&payee.name)).text(qualifier).text(id);
        if let Some(tax_id) = reference {
            file.segment("REF").text("TJ").text(tax_id);
        }
        file.segment("LX").text("1");
        Ok(Self { file })
    }

    /// Writes a claim with its lines.
    ///
    /// # Errors
    /// Names the fields that no 835 can hold; nothing of the claim is written then.
    pub fn claim(&mut self, claim: &ClaimPayment) -> Result<(), Refused> {
        check_claim(claim)?;
        let file = &mut *self.file;
        let mut clp = file.segment("CLP");
        clp.text(&claim.claim_number).text(claim.status.map_or("", super::ClaimStatus::code));
        clp.amount(claim.charge).amount(claim.paid);
        optional_amount(&mut clp, claim.patient_responsibility);
        code(&mut clp, claim.filing_indicator);
        clp.text(or_empty(&claim.payer_claim_number));
        code(&mut clp, claim.facility);
        code(&mut clp, claim.frequency);
        drop(clp);
        adjustments(file, &claim.adjustments);
        for (role, person) in [("QC", &claim.patient), ("IL", &claim.subscriber), ("74", &claim.corrected)] {
            if let Some(person) = person {
                Person::write(person, file.segment("NM1").text(role));
            }
        }
        if let Some(npi) = &claim.rendering_npi {
            file.segment("NM1").text("82").text("1").empty(5).text("XX").text(npi);
        }
        if !claim.remarks.is_empty() {
            let mut moa = file.segment("MOA");
            moa.empty(2);
            for remark in &claim.remarks {
                moa.text(remark.as_str());
            }
        }
        dated(file, "232", claim.served_from);
        dated(file, "233", claim.served_through);
        dated(file, "050", claim.received_on);
        amounts(file, &claim.amounts);
        for one in &claim.lines {
            line(file, one);
        }
        Ok(())
    }

    /// Writes a PLB; after it no claim may follow.
    ///
    /// # Errors
    /// Names the fields that no 835 can hold; nothing is written then.
    pub fn provider_adjustments(&mut self, adjustments: &ProviderAdjustments) -> Result<(), Refused> {
        let mut found = Violations::default();
        let count = adjustments.adjustments.len();
        found.require((1..=6).contains(&count), &"adjustments", "must be one to six");
        found.into_result()?;
        let mut plb = self.file.segment("PLB");
        date(plb.text(or_empty(&adjustments.provider_id)), adjustments.fiscal_period_ends);
        for one in &adjustments.adjustments {
            plb.parts([one.reason.as_str(), or_empty(&one.reference)]).amount(one.amount);
        }
        Ok(())
    }

    /// The file, so that what is written of it can be handed on.
    pub fn file(&mut self) -> &mut InterchangeWriter {
        self.file
    }

    /// Closes the set.
    pub fn end(self) {
        self.file.end_set();
    }
}

fn check_payment(payment: &Payment) -> Result<(), Refused> {
    let mut found = Violations::default();
    found.require(
        (Cents::ZERO..=Cents::MAX).contains(&payment.amount),
        &"amount",
        "must be between 0.00 and 99999999.99",
    );
    found.require(payment.paid_on.is_some(), &"paid_on", "must be given");
    found.require(!payment.number.is_empty(), &"number", "must be given");
    let method = payment.method.as_ref().map_or("", Code::as_str);
    found.require(matches!(method, "CHK" | "NON"), &"method", "must be CHK or NON");
    found.into_result()
}

fn check_claim(claim: &ClaimPayment) -> Result<(), Refused> {
    let mut found = Violations::default();
    found.require(!claim.claim_number.is_empty(), &"claim_number", "must be given");
    found.require(claim.status.is_some(), &"status", "must be given");
    found.require(claim.remarks.len() <= REMARKS_MAX, &"remarks", "must be at most five");
    found.into_result()
}

fn line(file: &mut InterchangeWriter, line: &LinePayment) {
    let mut svc = file.segment("SVC");
    svc.parts(line.procedure.parts()).amount(line.charge).amount(line.paid);
    code(&mut svc, line.revenue_code);
    quantity(&mut svc, line.units);
    svc.parts(line.submitted.iter().flat_map(Procedure::parts));
    quantity(&mut svc, line.submitted_units);
    drop(svc);
    if line.served_from == line.served_through {
        dated(file, "472", line.served_from);
    } else {
        dated(file, "150", line.served_from);
        dated(file, "151", line.served_through);
    }
    adjustments(file, &line.adjustments);
    if let Some(control_number) = &line.control_number {
        file.segment("REF").text("6R").text(control_number);
    }
    amounts(file, &line.amounts);
    for remark in &line.remarks {
        file.segment("LQ").text("HE").text(remark.as_str());
    }
}

/// Up to six triplets of one group in each CAS, in the order given.
fn adjustments(file: &mut InterchangeWriter, adjustments: &[Adjustment]) {
    for of_group in adjustments.chunk_by(|one, next| one.group == next.group) {
        for six in of_group.chunks(6) {
            let mut cas = file.segment("CAS");
            cas.text(six.first().map_or("", |one| one.group.code()));
            for one in six {
                cas.text(one.reason.as_str()).amount(one.amount);
                quantity(&mut cas, one.quantity);
            }
        }
    }
}

fn amounts(file: &mut InterchangeWriter, amounts: &[QualifiedAmount]) {
    for one in amounts {
        file.segment("AMT").text(one.qualifier.as_str()).amount(one.amount);
    }
}

fn dated(file: &mut InterchangeWriter, qualifier: &str, day: Option<NaiveDate>) {
    if let Some(day) = day {
        file.segment("DTM").text(qualifier).date(day);
    }
}

fn date(segment: &mut Segment<'_>, day: Option<NaiveDate>) {
    match day {
        Some(day) => segment.date(day),
        None => segment.empty(1),
    };
}

fn code(segment: &mut Segment<'_>, code: Option<Code>) {
    segment.text(code.as_ref().map_or("", Code::as_str));
}

fn optional_amount(segment: &mut Segment<'_>, amount: Option<Cents>) {
    match amount {
        Some(amount) => segment.amount(amount),
        None => segment.empty(1),
    };
}

fn quantity(segment: &mut Segment<'_>, quantity: Option<Quantity>) {
    match quantity {
        Some(quantity) => segment.text(&quantity.to_string()),
        None => segment.empty(1),
    };
}
