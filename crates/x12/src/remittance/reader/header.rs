//! The header of an 835: BPR, TRN, DTM and who pays whom.

use crate::error::Fault;
use crate::field;
use crate::party::Contact;
use crate::remittance::{Direction, Payee, Payer, Payment};
use crate::segment::{Position, Segment};

/// Collects the header's segments.
#[derive(Debug, Default)]
pub(super) struct HeaderReader {
    payment: Option<Box<Payment>>,
    // before BPR nothing can be noted, and whose REF follows an N1
    party: Party,
    has_payer: bool,
    has_payee: bool,
}

#[derive(Debug, Default, Clone, Copy)]
enum Party {
    #[default]
    None,
    Payer,
    Payee,
    Another,
}

impl HeaderReader {
    pub(super) fn segment(&mut self, id: &str, segment: &Segment<'_>) -> Result<(), Fault> {
        if id == "BPR" {
            if self.payment.is_some() {
                return Err(Fault::of(segment, 0, "one BPR"));
            }
            self.payment = Some(Box::new(payment(segment)?));
            return Ok(());
        }
        let Some(payment) = &mut self.payment else {
            return Err(Fault::of(segment, 0, "BPR after ST"));
        };
        match id {
            "TRN" => {
                if !payment.number.is_empty() {
                    return Err(Fault::of(segment, 0, "one TRN"));
                }
                payment.number = field::required(segment, 2, "the number of the check or transfer")?;
                payment.payer_identifier = field::text(segment, 3);
                payment.payer_supplement = field::text(segment, 4);
            }
            "DTM" if segment.element(1) == "405" => {
                payment.produced_on = field::date(segment, 2, &mut payment.notes);
            }
            "N1" => self.party(segment)?,
            "REF" => self.reference(segment),
            "N3" | "N4" | "PER" if matches!(self.party, Party::Payer) => of_payer(&mut payment.payer, id, segment),
            "SVC" | "CAS" => return Err(Fault::of(segment, 0, "a claim, CLP, before this")),
            _ => {}
        }
        Ok(())
    }

    /// N1: were there two, nobody could tell whose money it is.
    fn party(&mut self, n1: &Segment<'_>) -> Result<(), Fault> {
        let Some(payment) = &mut self.payment else { return Ok(()) };
        let (name, id) = (field::text(n1, 2), field::text(n1, 4));
        self.party = match n1.element(1) {
            "PR" => {
                once(&mut self.has_payer, n1, "one payer, N1*PR, in the header")?;
                payment.payer = Payer { name, id, ..Payer::default() };
                Party::Payer
            }
            "PE" => {
                once(&mut self.has_payee, n1, "one payee, N1*PE, in the header")?;
                payment.payee = match n1.element(3) {
                    "XX" => Payee { name, npi: id, tax_id: None },
                    "FI" => Payee { name, npi: None, tax_id: id },
                    _ => Payee { name, npi: None, tax_id: None },
                };
                Party::Payee
            }
            _ => Party::Another,
        };
        Ok(())
    }

    fn reference(&mut self, reference: &Segment<'_>) {
        let Some(payment) = &mut self.payment else { return };
        match (self.party, reference.element(1)) {
            (Party::Payer, "2U") if payment.payer.id.is_none() => payment.payer.id = field::text(reference, 2),
            (Party::Payee, "TJ") if payment.payee.tax_id.is_none() => {
                payment.payee.tax_id = field::text(reference, 2);
            }
            _ => {}
        }
    }

    /// The header once something else begins at `here`.
    pub(super) fn close(self, here: Position) -> Result<Box<Payment>, Fault> {
        let payment = self.payment.ok_or_else(|| Fault::at(here, "BPR", "the payment, BPR, before this"))?;
        if payment.number.is_empty() {
            return Err(Fault::at(here, "TRN", "the payment's number, TRN, before this"));
        }
        if !self.has_payer {
            return Err(Fault::at(here, "N1", "the payer, N1*PR, before this"));
        }
        if !self.has_payee {
            return Err(Fault::at(here, "N1", "the payee, N1*PE, before this"));
        }
        Ok(payment)
    }
}

fn once(seen: &mut bool, n1: &Segment<'_>, expected: &'static str) -> Result<(), Fault> {
    if std::mem::replace(seen, true) { Err(Fault::of(n1, 1, expected)) } else { Ok(()) }
}

fn of_payer(payer: &mut Payer, id: &str, segment: &Segment<'_>) {
    match id {
        "N3" => {
            payer.address.line1 = field::text(segment, 1);
            payer.address.line2 = field::text(segment, 2);
        }
        "N4" => {
            payer.address.city = field::text(segment, 1);
            payer.address.state = field::text(segment, 2);
            payer.address.postal_code = field::text(segment, 3);
        }
        _ if segment.element(1) == "BL" => {
            payer.contact = Contact {
                name: field::text(segment, 2),
                qualifier: field::text(segment, 3),
                number: field::text(segment, 4),
            };
        }
        _ => {}
    }
}

fn payment(bpr: &Segment<'_>) -> Result<Payment, Fault> {
    let mut notes = Vec::new();
    let direction = match bpr.element(3) {
        "C" => Direction::Credit,
        "D" => Direction::Debit,
        _ => return Err(Fault::of(bpr, 3, "C or D")),
    };
    field::required(bpr, 16, "the day of the payment as CCYYMMDD")?;
    Ok(Payment {
        position: bpr.position(),
        handling: field::code(bpr, 1, &mut notes),
        amount: field::amount(bpr, 2)?,
        direction,
        method: field::code(bpr, 4, &mut notes),
        paid_on: field::date(bpr, 16, &mut notes),
        number: String::new(),
        payer_identifier: None,
        payer_supplement: None,
        produced_on: None,
        payer: Payer::default(),
        payee: Payee::default(),
        notes,
    })
}
