//! Statements that diesel does not write, as cacheable prepared statements.
//!
//! Transaction control goes through diesel's statement path and not through `batch_execute`: that path takes a
//! first-come lock per connection, so in a pipeline no statement can overtake another one.

use std::sync::OnceLock;

use diesel::pg::{Pg, PgQueryBuilder};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryBuilder, QueryFragment, QueryId};
use diesel::sql_types::{Integer, Uuid as SqlUuid};
use uuid::Uuid;

macro_rules! fixed_sql {
    ($($name:ident = $sql:literal;)*) => {$(
        #[derive(Debug, Clone, Copy, QueryId)]
        pub(crate) struct $name;

        impl QueryFragment<Pg> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        }
    )*};
}

fixed_sql! {
    Begin = "BEGIN";
    // all statements of a read see one point in time: a row and what belongs to it always fit together
    BeginReadOnly = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    Commit = "COMMIT";
    Rollback = "ROLLBACK";
}

/// Makes the practice the transaction's tenant, and the caller's deadline its statement timeout.
#[derive(Debug, Clone, Copy, QueryId)]
pub(crate) struct Enter {
    pub(crate) practice: Uuid,
    pub(crate) timeout_ms: i32,
}

impl QueryFragment<Pg> for Enter {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT tenancy.enter(");
        out.push_bind_param::<SqlUuid, _>(&self.practice)?;
        out.push_sql(", ");
        out.push_bind_param::<Integer, _>(&self.timeout_ms)?;
        out.push_sql(")");
        Ok(())
    }
}

/// Lets diesel keep the prepared form of a statement that it holds to be uncacheable: every UPDATE, every upsert,
/// every `sql_query`.
///
/// The key is the SQL text: never wrap a statement whose text grows with its data; batches are arrays and `unnest`.
#[derive(Debug, Clone)]
pub struct Cached<Q>(pub Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Cached<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}
impl<Q> QueryId for Cached<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<Q: Query> Query for Cached<Q> {
    type SqlType = Q::SqlType;
}

/// A statement whose text is put together once and not again for each call, which is most of what a query builder
/// costs. Made by [`fixed!`](crate::fixed), for statements that are run for every request.
#[derive(Debug, Clone)]
pub struct Fixed<Q> {
    query: Q,
    text: &'static OnceLock<String>,
}

impl<Q> Fixed<Q> {
    /// `text` must belong to this one place in the code.
    #[must_use]
    pub const fn new(query: Q, text: &'static OnceLock<String>) -> Self {
        Self { query, text }
    }
}

/// Keeps the text of the statement that stands here, and lets diesel keep its prepared form.
///
/// The text must not depend on data, nor on type parameters of the function around it. In builds with debug
/// assertions, which the tests are, a text that differs from the one kept is noticed.
#[macro_export]
macro_rules! fixed {
    ($query:expr) => {{
        static TEXT: ::std::sync::OnceLock<::std::string::String> = ::std::sync::OnceLock::new();
        $crate::Fixed::new($query, &TEXT)
    }};
}

fn text_of(query: &impl QueryFragment<Pg>) -> QueryResult<String> {
    let mut builder = PgQueryBuilder::default();
    query.to_sql(&mut builder, &Pg)?;
    Ok(builder.finish())
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Fixed<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.query.walk_ast(out)
    }
    fn to_sql(&self, out: &mut PgQueryBuilder, _: &Pg) -> QueryResult<()> {
        let text = match self.text.get() {
            Some(text) => text,
            None => {
                let text = text_of(&self.query)?;
                self.text.get_or_init(|| text)
            }
        };
        debug_assert_eq!(text_of(&self.query).as_ref(), Ok(text), "a fixed statement has changed");
        out.push_sql(text);
        Ok(())
    }
    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}
impl<Q> QueryId for Fixed<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<Q: Query> Query for Fixed<Q> {
    type SqlType = Q::SqlType;
}
