//! Hashes of entries in the order of their positions, as long as none is missing.

use std::pin::Pin;

use audit::chain::Hash;
use futures_util::StreamExt;
use kernel::PracticeId;
use tokio_postgres::{Client, RowStream};

/// They come from the database while they are taken.
pub(super) struct Hashes {
    rows: Pin<Box<RowStream>>,
    next: i64,
}

impl Hashes {
    pub(super) async fn of(
        client: &Client,
        practice: PracticeId,
        from: i64,
        to: i64,
    ) -> Result<Self, tokio_postgres::Error> {
        let sql = format!(
            "SELECT position, hash FROM audit.entries
             WHERE practice_id = '{practice}' AND position BETWEEN {from} AND {to} ORDER BY position"
        );
        let rows = client.query_raw(&sql, std::iter::empty::<i64>()).await?;
        Ok(Self { rows: Box::pin(rows), next: from })
    }

    /// The next one; none, where a position is missing.
    pub(super) async fn next(&mut self) -> Result<Option<Hash>, tokio_postgres::Error> {
        let Some(row) = self.rows.next().await.transpose()? else { return Ok(None) };
        let (position, hash): (i64, &[u8]) = (row.get(0), row.get(1));
        let expected = std::mem::replace(&mut self.next, position + 1);
        Ok(if position == expected { hash.try_into().ok() } else { None })
    }
}
