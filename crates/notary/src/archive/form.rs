//! The form of a file: the columns of `audit.entries`, in the order in which they are written and read.

use std::sync::{Arc, LazyLock};

use parquet::basic::Type as Physical;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{SchemaDescriptor, TypePtr};
use uuid::Uuid;

use crate::verify::Row;

/// As every tool for Parquet shows it.
const MESSAGE: &str = "message audit_entries {
  required fixed_len_byte_array(16) practice_id (UUID);
  required int64 position;
  required int64 recorded_at (TIMESTAMP(MICROS,true));
  required binary actor_kind (STRING);
  optional fixed_len_byte_array(16) user_id (UUID);
  optional fixed_len_byte_array(16) account_id (UUID);
  required binary actor_role (STRING);
  required binary token_key_id (STRING);
  required binary action (STRING);
  required binary outcome (STRING);
  optional binary reason (STRING);
  required binary method (STRING);
  required binary resource_type (STRING);
  required group resource_ids (LIST) { repeated group list { required binary element (STRING); } }
  required int32 resource_count;
  optional binary resource_hash;
  required group patient_ids (LIST) { repeated group list { required fixed_len_byte_array(16) element (UUID); } }
  required boolean accessed_phi;
  required group field_classes (LIST) { repeated group list { required binary element (STRING); } }
  required binary purpose (STRING);
  required binary request_id (STRING);
  optional binary ip_address (STRING);
  optional fixed_len_byte_array(16) break_glass_id (UUID);
  required int32 attempts;
  required binary body;
  required binary mac;
  required binary hash;
}";

#[expect(clippy::expect_used, reason = "a constant, which every test of files parses")]
pub(super) static SCHEMA: LazyLock<TypePtr> =
    LazyLock::new(|| Arc::new(parse_message_type(MESSAGE).expect("a message of Parquet")));

/// How the values of a column are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Long,
    Int,
    Bool,
    Bytes,
    Fixed,
}

/// A column: its kind, and whether values may be missing or many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) kind: Kind,
    pub(super) has_def: bool,
    pub(super) has_rep: bool,
}

pub(super) static COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let schema = SchemaDescriptor::new(Arc::clone(&SCHEMA));
    let columns = schema.columns().iter().map(|column| Column {
        kind: match column.physical_type() {
            Physical::INT64 => Kind::Long,
            Physical::INT32 => Kind::Int,
            Physical::BOOLEAN => Kind::Bool,
            Physical::FIXED_LEN_BYTE_ARRAY => Kind::Fixed,
            Physical::BYTE_ARRAY | Physical::INT96 | Physical::FLOAT | Physical::DOUBLE => Kind::Bytes,
        },
        has_def: column.max_def_level() > 0,
        has_rep: column.max_rep_level() > 0,
    });
    columns.collect()
});

/// Takes the values of a row, column by column.
pub(super) trait Sink {
    fn long(&mut self, value: i64);
    fn int(&mut self, value: i32);
    fn bool(&mut self, value: bool);
    fn bytes(&mut self, value: &[u8]);
    fn nullable(&mut self, value: Option<&[u8]>);
    fn list(&mut self, values: impl Iterator<Item = impl AsRef<[u8]>>);
}

/// Hands a row out in the order of the columns.
pub(super) fn give(practice: Uuid, row: &Row<'_>, sink: &mut impl Sink) {
    sink.bytes(practice.as_bytes());
    sink.long(row.position);
    sink.long(row.recorded_at);
    sink.bytes(row.actor_kind.as_bytes());
    sink.nullable(row.user_id.as_ref().map(|id| &id.as_bytes()[..]));
    sink.nullable(row.account_id.as_ref().map(|id| &id.as_bytes()[..]));
    for text in [row.actor_role, row.token_key_id, row.action, row.outcome] {
        sink.bytes(text.as_bytes());
    }
    sink.nullable(row.reason.map(str::as_bytes));
    sink.bytes(row.method.as_bytes());
    sink.bytes(row.resource_type.as_bytes());
    sink.list(row.resource_ids.iter());
    sink.int(row.resource_count);
    sink.nullable(row.resource_hash);
    sink.list(row.patient_ids.iter());
    sink.bool(row.accessed_phi);
    sink.list(row.field_classes.iter());
    sink.bytes(row.purpose.as_bytes());
    sink.bytes(row.request_id.as_bytes());
    sink.nullable(row.ip_address.map(str::as_bytes));
    sink.nullable(row.break_glass_id.as_ref().map(|id| &id.as_bytes()[..]));
    sink.int(row.attempts);
    for bytes in [row.body, row.mac, row.hash] {
        sink.bytes(bytes);
    }
}
