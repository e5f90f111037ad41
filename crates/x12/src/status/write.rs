//! Writes a 277CA, as a clearinghouse or payer would: for a simulated one.

#[cfg(test)]
mod tests;

use chrono::NaiveDate;

use super::{Action, Batch, Claim, Line, Organization, Provider, Status, StatusCode, Tally};
use crate::amount::Cents;
use crate::code::Code;
use crate::emit::Segment;
use crate::interchange::InterchangeWriter;
use crate::party::or_empty;
use crate::procedure::Procedure;
use crate::quantity::Quantity;
use crate::violation::{Refused, Violations};

/// Writes one set, claim by claim, into a group that is open; positions and notes are not written.
#[derive(Debug)]
pub struct Writer<'a> {
    file: &'a mut InterchangeWriter,
    levels: u32,
    // the HL that claims belong to
    parent: u32,
}

impl<'a> Writer<'a> {
    /// Opens the set and writes what is said of the batch as a whole.
    ///
    /// # Errors
    /// Names the fields that no 277CA can hold; nothing is written then.
    pub fn begin(file: &'a mut InterchangeWriter, batch: &Batch) -> Result<Self, Refused> {
        check(&batch.statuses)?;
        file.begin_set();
        let mut bht = file.segment("BHT");
        date(bht.text("0085").text("08").text(or_empty(&batch.reference)), batch.created_on);
        match batch.created_at {
            Some(time) => bht.time(time),
            None => bht.empty(1),
        };
        bht.text("TH");
        drop(bht);
        let mut writer = Self { file, levels: 0, parent: 0 };
        writer.parent = writer.level("20", true);
        organization(writer.file, batch.source.as_ref());
        trace(writer.file, "1", batch.source_trace.as_ref());
        for (qualifier, day) in [("050", batch.received_on), ("009", batch.processed_on)] {
            dated(writer.file, qualifier, day, day);
        }
        writer.parent = writer.level("21", true);
        organization(writer.file, batch.receiver.as_ref());
        trace(writer.file, "2", batch.batch_reference.as_ref());
        statuses(writer.file, &batch.statuses);
        tally(writer.file, &batch.tally, ["90", "AA"]);
        Ok(writer)
    }

    /// Writes what is said of a billing provider's claims as a whole; the claims that follow are its.
    ///
    /// # Errors
    /// Names the fields that no 277CA can hold; nothing is written then.
    pub fn provider(&mut self, provider: &Provider) -> Result<(), Refused> {
        check(&provider.statuses)?;
        self.parent = 2;
        self.parent = self.level("19", true);
        organization(self.file, provider.billing.as_ref());
        trace(self.file, "1", provider.trace.as_ref());
        statuses(self.file, &provider.statuses);
        tally(self.file, &provider.tally, ["QA", "QC"]);
        Ok(())
    }

    /// Writes what became of a claim.
    ///
    /// # Errors
    /// Names the fields that no 277CA can hold; nothing of the claim is written then.
    pub fn claim(&mut self, claim: &Claim) -> Result<(), Refused> {
        check_claim(claim)?;
        for line in &claim.lines {
            check(&line.statuses)?;
        }
        self.level("PT", false);
        if let Some(patient) = &claim.patient {
            patient.write(self.file.segment("NM1").text("QC"));
        }
        trace(self.file, "2", claim.claim_number.as_ref());
        statuses(self.file, &claim.statuses);
        reference(self.file, "1K", claim.payer_claim_number.as_ref());
        reference(self.file, "D9", claim.trace.as_ref());
        dated(self.file, "472", claim.served_from, claim.served_through);
        for one in &claim.lines {
            line(self.file, one);
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

    /// Begins a loop; answers its number.
    fn level(&mut self, code: &str, has_children: bool) -> u32 {
        self.levels += 1;
        let mut hl = self.file.segment("HL");
        hl.number(self.levels);
        if self.parent == 0 {
            hl.empty(1);
        } else {
            hl.number(self.parent);
        }
        hl.text(code).text(if has_children { "1" } else { "" });
        self.levels
    }
}

fn check_claim(claim: &Claim) -> Result<(), Refused> {
    let mut found = Violations::default();
    found.require(!or_empty(&claim.claim_number).is_empty(), &"claim_number", "must be given");
    found.require(!claim.statuses.is_empty(), &"statuses", "must be at least one");
    found.into_result()?;
    check(&claim.statuses)
}

fn check(statuses: &[Status]) -> Result<(), Refused> {
    let mut found = Violations::default();
    for (n, status) in statuses.iter().enumerate() {
        let field = format_args!("statuses[{n}].codes");
        found.require((1..=3).contains(&status.codes.len()), &field, "must be one to three");
    }
    found.into_result()
}

fn line(file: &mut InterchangeWriter, line: &Line) {
    let mut svc = file.segment("SVC");
    svc.parts(line.procedure.iter().flat_map(Procedure::parts));
    amount(&mut svc, line.charge);
    quantity(svc.empty(4), line.units);
    drop(svc);
    statuses(file, &line.statuses);
    reference(file, "FJ", line.control_number.as_ref());
    dated(file, "472", line.served_from, line.served_through);
}

fn statuses(file: &mut InterchangeWriter, statuses: &[Status]) {
    for status in statuses {
        let mut codes = status.codes.iter();
        let mut stc = file.segment("STC");
        stc.parts(codes.next().into_iter().flat_map(code_parts));
        date(&mut stc, status.effective_on);
        stc.text(match status.action {
            Some(Action::Accept) => "WQ",
            Some(Action::Reject) => "U",
            None => "",
        });
        amount(&mut stc, status.amount);
        stc.empty(5);
        for code in codes {
            stc.parts(code_parts(code));
        }
    }
}

fn code_parts(code: &StatusCode) -> impl Iterator<Item = &str> {
    [code.category.as_str(), code.status.as_str()].into_iter().chain(code.entity.as_ref().map(Code::as_str))
}

fn tally(file: &mut InterchangeWriter, tally: &Tally, [accepted, rejected]: [&str; 2]) {
    for (qualifier, count) in [(accepted, tally.accepted), (rejected, tally.rejected)] {
        if let Some(count) = count {
            file.segment("QTY").text(qualifier).text(&count.to_string());
        }
    }
    for (qualifier, amount) in [("YU", tally.accepted_amount), ("YY", tally.rejected_amount)] {
        if let Some(amount) = amount {
            file.segment("AMT").text(qualifier).amount(amount);
        }
    }
}

fn organization(file: &mut InterchangeWriter, organization: Option<&Organization>) {
    let Some(Organization { role, name, id_qualifier, id }) = organization else { return };
    let text = |code: &Option<Code>| code.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut nm1 = file.segment("NM1");
    nm1.text(&text(role)).text("2").text(or_empty(name)).empty(4).text(&text(id_qualifier)).text(or_empty(id));
}

fn trace(file: &mut InterchangeWriter, kind: &str, number: Option<&String>) {
    if let Some(number) = number {
        file.segment("TRN").text(kind).text(number);
    }
}

fn reference(file: &mut InterchangeWriter, qualifier: &str, value: Option<&String>) {
    if let Some(value) = value {
        file.segment("REF").text(qualifier).text(value);
    }
}

fn dated(file: &mut InterchangeWriter, qualifier: &str, from: Option<NaiveDate>, through: Option<NaiveDate>) {
    match (from, through) {
        (Some(from), Some(through)) if from < through => {
            file.segment("DTP").text(qualifier).text("RD8").dates(from, through);
        }
        (Some(day), _) | (None, Some(day)) => {
            file.segment("DTP").text(qualifier).text("D8").date(day);
        }
        (None, None) => {}
    }
}

fn date(segment: &mut Segment<'_>, day: Option<NaiveDate>) {
    match day {
        Some(day) => segment.date(day),
        None => segment.empty(1),
    };
}

fn amount(segment: &mut Segment<'_>, amount: Option<Cents>) {
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
