//! `jsonb` columns with a typed content, without a `serde_json::Value` in between.

use std::fmt;
use std::io::Write;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The content of a `jsonb` column. It prints as nothing, since columns hold diagnoses too.
#[derive(Clone, Default, PartialEq, Eq, FromSqlRow, AsExpression)]
#[diesel(sql_type = Jsonb)]
pub struct Json<T: 'static>(pub T);

impl<T> fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json(..)")
    }
}

/// The one version of the binary form that PostgreSQL knows.
const JSONB_VERSION: u8 = 1;

impl<T: DeserializeOwned> FromSql<Jsonb, Pg> for Json<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes().split_first() {
            // serde's message would repeat the content
            Some((&JSONB_VERSION, json)) => {
                serde_json::from_slice(json).map(Self).map_err(|_unshown| "unexpected content of a jsonb column".into())
            }
            _ => Err("unknown jsonb version".into()),
        }
    }
}

impl<T: Serialize> ToSql<Jsonb, Pg> for Json<T>
where
    Self: fmt::Debug,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}
