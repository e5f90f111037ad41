//! Writes TA1 and 999, as a receiver would: for a simulated one.

#[cfg(test)]
mod tests;

use super::{Context, ElementError, Group, GroupVerdict, InterchangeAcknowledgment, Set, SetVerdict, Totals, Verdict};
use crate::code::Code;
use crate::emit::Segment;
use crate::interchange::InterchangeWriter;
use crate::violation::{Refused, Violations};

impl InterchangeAcknowledgment {
    /// Writes the TA1 into a file in which no group is open.
    ///
    /// # Errors
    /// Names the fields that no TA1 can hold; nothing is written then.
    pub fn write(&self, file: &mut InterchangeWriter) -> Result<(), Refused> {
        let mut found = Violations::default();
        found.require(self.date.is_some(), &"date", "must be given");
        found.require(self.time.is_some(), &"time", "must be given");
        found.require(!self.note.is_empty(), &"note", "must be given");
        found.into_result()?;
        let (Some(date), Some(time)) = (self.date, self.time) else { return Ok(()) };
        file.end_group();
        let verdict = match self.verdict {
            Verdict::Accepted => "A",
            Verdict::AcceptedWithErrors => "E",
            Verdict::Rejected => "R",
        };
        let mut ta1 = file.segment("TA1");
        ta1.text(&self.control_number).short_date(date).time(time).text(verdict).text(&self.note);
        Ok(())
    }
}

/// Writes one 999 into a group that is open; positions and notes are not written.
///
/// # Errors
/// Names the fields that no 999 can hold; nothing is written then.
pub fn write(file: &mut InterchangeWriter, group: &Group, sets: &[Set], totals: &Totals) -> Result<(), Refused> {
    check(sets, totals)?;
    file.begin_set();
    let mut ak1 = file.segment("AK1");
    ak1.text(group.function.as_str()).text(&group.control);
    code(&mut ak1, group.version);
    drop(ak1);
    for one in sets {
        set(file, one);
    }
    let verdict = match totals.verdict {
        GroupVerdict::Accepted => "A",
        GroupVerdict::AcceptedWithErrors => "E",
        GroupVerdict::PartiallyAccepted => "P",
        GroupVerdict::Rejected => "R",
        GroupVerdict::RejectedSecurity => "M",
    };
    let mut ak9 = file.segment("AK9");
    ak9.text(verdict);
    for count in [totals.included, totals.received, totals.accepted] {
        number(&mut ak9, count);
    }
    for reason in &totals.reasons {
        ak9.text(reason.as_str());
    }
    drop(ak9);
    file.end_set();
    Ok(())
}

fn check(sets: &[Set], totals: &Totals) -> Result<(), Refused> {
    let mut found = Violations::default();
    found.require(totals.reasons.len() <= 5, &"totals.reasons", "must be at most five");
    for (n, set) in sets.iter().enumerate() {
        found.require(set.reasons.len() <= 5, &format_args!("sets[{n}].reasons"), "must be at most five");
        for (m, error) in set.errors.iter().enumerate() {
            let of_elements = error.elements.iter().flat_map(|element| &element.contexts);
            let is_known = error.contexts.iter().chain(of_elements).all(|context| *context != Context::Other);
            let field = format_args!("sets[{n}].errors[{m}].contexts");
            found.require(is_known, &field, "must be claims or triggers");
        }
    }
    found.into_result()
}

fn set(file: &mut InterchangeWriter, set: &Set) {
    let mut ak2 = file.segment("AK2");
    ak2.text(set.kind.as_str()).text(&set.control);
    code(&mut ak2, set.version);
    drop(ak2);
    for error in &set.errors {
        let mut ik3 = file.segment("IK3");
        code(&mut ik3, error.segment_id);
        number(&mut ik3, error.segment_position);
        code(&mut ik3, error.loop_id);
        code(&mut ik3, error.code);
        drop(ik3);
        contexts(file, &error.contexts);
        for one in &error.elements {
            element(file, one);
        }
    }
    let mut ik5 = file.segment("IK5");
    ik5.text(match set.verdict {
        SetVerdict::Accepted => "A",
        SetVerdict::AcceptedWithErrors => "E",
        SetVerdict::Rejected => "R",
        SetVerdict::RejectedSecurity => "M",
    });
    for reason in &set.reasons {
        ik5.text(reason.as_str());
    }
}

fn element(file: &mut InterchangeWriter, error: &ElementError) {
    let mut ik4 = file.segment("IK4");
    let place = [error.element, error.component, error.repetition];
    ik4.parts(place.map(|part| part.map(|part| part.to_string()).unwrap_or_default()));
    number(&mut ik4, error.reference);
    code(&mut ik4, error.code);
    drop(ik4);
    contexts(file, &error.contexts);
}

fn contexts(file: &mut InterchangeWriter, contexts: &[Context]) {
    for context in contexts {
        match context {
            Context::Claim(claim_number) => {
                file.segment("CTX").parts(["CLM01", claim_number]);
            }
            Context::Trigger { segment_id, segment_position, loop_id, element } => {
                let mut ctx = file.segment("CTX");
                code(ctx.text("SITUATIONAL TRIGGER"), *segment_id);
                number(&mut ctx, *segment_position);
                code(&mut ctx, *loop_id);
                number(&mut ctx, *element);
            }
            Context::Other => {}
        }
    }
}

fn number(segment: &mut Segment<'_>, number: Option<u32>) {
    match number {
        Some(number) => segment.number(number),
        None => segment.empty(1),
    };
}

fn code(segment: &mut Segment<'_>, code: Option<Code>) {
    segment.text(code.as_ref().map_or("", Code::as_str));
}
