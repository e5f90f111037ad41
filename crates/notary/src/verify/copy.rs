//! Rows as `COPY … TO STDOUT (FORMAT binary)` sends them: the database's own form, read without copies.

use uuid::Uuid;

use super::row::Row;

/// `PGCOPY\n\377\r\n\0`, flags, and the length of an extension that nobody writes.
const HEADER: usize = 19;
/// Microseconds from 1970 to 2000, where PostgreSQL's time begins.
const EPOCH: i64 = 946_684_800_000_000;

/// Cuts values off the front of a message. `None` throughout means that it isn't in the form.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn int4(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    /// A field; the inner `None` is NULL.
    fn nullable(&mut self) -> Option<Option<&'a [u8]>> {
        match self.int4()? {
            -1 => Some(None),
            len => Some(Some(self.bytes(usize::try_from(len).ok()?)?)),
        }
    }

    fn field(&mut self) -> Option<&'a [u8]> {
        self.nullable()?
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.field()?).ok()
    }

    fn nullable_text(&mut self) -> Option<Option<&'a str>> {
        self.nullable()?.map(std::str::from_utf8).transpose().ok()
    }

    fn int8_field(&mut self) -> Option<i64> {
        Some(i64::from_be_bytes(self.field()?.try_into().ok()?))
    }

    fn int4_field(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.field()?.try_into().ok()?))
    }

    fn nullable_uuid(&mut self) -> Option<Option<Uuid>> {
        self.nullable()?.map(Uuid::from_slice).transpose().ok()
    }

    /// The elements of an array of one dimension without NULLs.
    fn elements(&mut self) -> Option<Vec<&'a [u8]>> {
        let mut array = Cut(self.field()?);
        let (dimensions, _nulls, _type) = (array.int4()?, array.int4()?, array.int4()?);
        if dimensions == 0 {
            return Some(Vec::new());
        }
        let (count, _from) = (array.int4()?, array.int4()?);
        (0..count).map(|_| array.field()).collect()
    }

    fn texts(&mut self) -> Option<Vec<&'a str>> {
        self.elements()?.into_iter().map(|text| std::str::from_utf8(text).ok()).collect()
    }

    fn uuids(&mut self) -> Option<Vec<Uuid>> {
        self.elements()?.into_iter().map(|id| Uuid::from_slice(id).ok()).collect()
    }
}

/// What a message of the stream holds.
pub(super) enum Message<'a> {
    Row(Box<Row<'a>>),
    End,
}

/// Reads a message; the first one begins with the header. `None` when it is in no form that we know.
pub(super) fn read(message: &[u8], is_first: bool) -> Option<Message<'_>> {
    let mut cut = Cut(message);
    if is_first {
        cut.bytes(HEADER)?;
    }
    if i16::from_be_bytes(cut.array()?) < 0 {
        return Some(Message::End);
    }
    let row = Row {
        position: cut.int8_field()?,
        // infinity wraps around, to what no body says
        recorded_at: cut.int8_field()?.wrapping_add(EPOCH),
        actor_kind: cut.text()?,
        user_id: cut.nullable_uuid()?,
        account_id: cut.nullable_uuid()?,
        actor_role: cut.text()?,
        token_key_id: cut.text()?,
        action: cut.text()?,
        outcome: cut.text()?,
        reason: cut.nullable_text()?,
        method: cut.text()?,
        resource_type: cut.text()?,
        resource_ids: cut.texts()?,
        resource_count: cut.int4_field()?,
        resource_hash: cut.nullable()?,
        patient_ids: cut.uuids()?,
        accessed_phi: cut.field()? == [1],
        field_classes: cut.texts()?,
        purpose: cut.text()?,
        request_id: cut.text()?,
        ip_address: cut.nullable_text()?,
        break_glass_id: cut.nullable_uuid()?,
        attempts: cut.int4_field()?,
        body: cut.field()?,
        mac: cut.field()?,
        hash: cut.field()?,
    };
    Some(Message::Row(Box::new(row)))
}
