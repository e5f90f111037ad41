//! Whether columns say what a body says, read off the bytes as the service writes them, without decoding them first.
//!
//! This is for speed only. Whatever isn't just so is decoded, and judged by [`Row::differing`].

use uuid::Uuid;

use super::row::Row;

/// A wire type of protobuf.
const VARINT: u64 = 0;
const BYTES: u64 = 2;

/// Fields in the order of their numbers, as they are taken.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// A number at the front, and what is behind it.
    fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
        let mut value = 0;
        for (n, byte) in bytes.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * n);
            if byte & 0x80 == 0 {
                return Some((value, bytes.get(n + 1..)?));
            }
        }
        None
    }

    /// What follows the tag, if it is the next.
    fn after(&self, number: u64, wire: u64) -> Option<&'a [u8]> {
        let (tag, rest) = Self::varint(self.rest)?;
        (tag == ((number << 3) | wire)).then_some(rest)
    }

    /// A number; zero when it isn't there. `None` here and below: it is in no form of ours.
    fn number(&mut self, number: u64) -> Option<u64> {
        let Some(rest) = self.after(number, VARINT) else { return Some(0) };
        let (value, rest) = Self::varint(rest)?;
        self.rest = rest;
        Some(value)
    }

    /// A byte string, if it is there.
    fn one(&mut self, number: u64) -> Option<Option<&'a [u8]>> {
        let Some(rest) = self.after(number, BYTES) else { return Some(None) };
        let (len, rest) = Self::varint(rest)?;
        let (value, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.rest = rest;
        Some(Some(value))
    }

    /// A byte string; empty when it isn't there.
    fn bytes(&mut self, number: u64) -> Option<&'a [u8]> {
        self.one(number).map(Option::unwrap_or_default)
    }

    fn is(&mut self, number: u64, expected: &[u8]) -> Option<()> {
        equal(self.bytes(number)?, expected).then_some(())
    }

    /// Nothing is NULL in the column and empty in the body.
    fn is_nullable(&mut self, number: u64, expected: Option<&[u8]>) -> Option<()> {
        self.is(number, expected.unwrap_or_default()).filter(|()| expected.is_none_or(|bytes| !bytes.is_empty()))
    }

    fn is_id(&mut self, number: u64, expected: Option<Uuid>) -> Option<()> {
        self.is(number, expected.as_ref().map_or(&[], |id| id.as_bytes()))
    }

    fn is_number(&mut self, number: u64, expected: i64) -> Option<()> {
        (self.number(number)?.cast_signed() == expected).then_some(())
    }

    fn are(&mut self, number: u64, expected: &[&str]) -> Option<()> {
        expected.iter().try_for_each(|text| (self.one(number)?? == text.as_bytes()).then_some(()))
    }
}

/// Compares what is mostly some words long, without the call that `==` makes.
#[inline]
fn equal(a: &[u8], b: &[u8]) -> bool {
    let ((a_words, a_rest), (b_words, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let words = |(a, b): (&[u8; 8], &[u8; 8])| u64::from_ne_bytes(*a) == u64::from_ne_bytes(*b);
    a.len() == b.len() && a_words.iter().zip(b_words).all(words) && a_rest.iter().zip(b_rest).all(|(a, b)| a == b)
}

/// The name of the MAC's key, when every column says the same. `None` says nothing.
pub(super) fn same<'a>(row: &Row<'a>, practice: Uuid) -> Option<&'a str> {
    let mut fields = Fields { rest: row.body };
    fields.is(1, practice.as_bytes())?;
    fields.is_number(2, row.recorded_at)?;
    let key = std::str::from_utf8(fields.bytes(3)?).ok()?;
    fields.is(4, row.actor_kind.as_bytes())?;
    let (actor, other) =
        if row.actor_kind == "service" { (row.account_id, row.user_id) } else { (row.user_id, row.account_id) };
    fields.is_id(5, actor.filter(|_| other.is_none()))?;
    if other.is_some() {
        return None;
    }
    for (number, text) in [(6, row.actor_role), (7, row.token_key_id), (8, row.action), (9, row.outcome)] {
        fields.is(number, text.as_bytes())?;
    }
    fields.is_nullable(10, row.reason.map(str::as_bytes))?;
    fields.is(11, row.method.as_bytes())?;
    fields.is(12, row.resource_type.as_bytes())?;
    resources(&mut fields, row)?;
    fields.is_number(15, row.resource_count.into())?;
    fields.is_nullable(16, row.resource_hash)?;
    let ids = fields.bytes(17)?;
    let are_same = row.patient_ids.iter().zip(ids.chunks(16)).all(|(id, bytes)| id.as_bytes() == bytes);
    if ids.len() != 16 * row.patient_ids.len() || !are_same {
        return None;
    }
    fields.is_number(18, row.accessed_phi.into())?;
    fields.are(19, &row.field_classes)?;
    fields.is(20, row.purpose.as_bytes())?;
    fields.is(21, row.request_id.as_bytes())?;
    fields.is_nullable(22, row.ip_address.map(str::as_bytes))?;
    fields.is_id(23, row.break_glass_id)?;
    fields.is_number(24, row.attempts.into())?;
    fields.rest.is_empty().then_some(key)
}

/// Ids first, then names; the column has both as texts.
fn resources(fields: &mut Fields<'_>, row: &Row<'_>) -> Option<()> {
    let ids = fields.bytes(13)?.chunks(16);
    let (of_ids, of_keys) = row.resource_ids.split_at_checked(ids.len())?;
    for (column, id) in of_ids.iter().zip(ids) {
        let mut text = [0; 36];
        if *column != Uuid::from_slice(id).ok()?.hyphenated().encode_lower(&mut text) {
            return None;
        }
    }
    fields.are(14, of_keys)
}
