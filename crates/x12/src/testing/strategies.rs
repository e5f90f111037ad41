//! Made-up values that X12 can hold.

use chrono::NaiveDate;
use proptest::option;
use proptest::prelude::*;

use crate::amount::Cents;
use crate::code::Code;
use crate::party::Person;
use crate::procedure::Procedure;
use crate::quantity::Quantity;

pub(crate) fn text() -> impl Strategy<Value = String> {
    "[A-Z0-9]([A-Z0-9 .,'-]{0,12}[A-Z0-9])?"
}

pub(crate) fn maybe_text() -> impl Strategy<Value = Option<String>> {
    option::of(text())
}

pub(crate) fn code() -> impl Strategy<Value = Code> {
    "[A-Z0-9]{1,6}".prop_filter_map("a code", |text| Code::new(&text))
}

pub(crate) fn day() -> impl Strategy<Value = NaiveDate> {
    (2000_i32..2100, 1_u32..=366).prop_filter_map("a day", |(year, day)| NaiveDate::from_yo_opt(year, day))
}

pub(crate) fn cents() -> impl Strategy<Value = Cents> {
    (-9_999_999_999_i64..=9_999_999_999).prop_map(Cents)
}

pub(crate) fn quantity() -> impl Strategy<Value = Quantity> {
    (-9_999_999_i64..=9_999_999).prop_map(Quantity)
}

pub(crate) fn procedure() -> impl Strategy<Value = Procedure> {
    (code(), code(), prop::collection::vec(code(), 0..=4)).prop_map(|(qualifier, code, modifiers)| Procedure {
        qualifier,
        code,
        modifiers,
    })
}

pub(crate) fn person() -> impl Strategy<Value = Person> {
    (maybe_text(), maybe_text(), maybe_text(), maybe_text(), maybe_text()).prop_map(
        |(last_name, first_name, middle_name, suffix, id)| Person {
            last_name,
            first_name,
            middle_name,
            suffix,
            id_qualifier: id.as_ref().and_then(|_| Code::new("MI")),
            id,
        },
    )
}
