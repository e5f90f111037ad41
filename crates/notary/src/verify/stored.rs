//! What the verification asks of a database, as the role `claims_archiver`.

use futures_util::StreamExt;
use kernel::PracticeId;
use tokio_postgres::{Client, CopyOutStream};
use uuid::Uuid;

use super::copy::{self, Message};
use super::report::{Finding, Kind};
use super::{Error, Head, Row, row};

pub(crate) async fn heads(client: &Client) -> Result<Vec<Head>, Error> {
    let sql = "SELECT practice_id::text, last_position, last_hash FROM audit.heads ORDER BY practice_id";
    let rows = client.query(sql, &[]).await?;
    rows.iter()
        .map(|row| {
            let hash: &[u8] = row.get(2);
            let practice: Uuid = row.get::<_, &str>(0).parse().map_err(|_not_an_id| Error::Form)?;
            let practice = PracticeId::from_uuid(practice);
            // of another length it is no entry's hash, and neither are zeros
            Ok(Head { practice, position: row.get(1), hash: hash.try_into().unwrap_or_default() })
        })
        .collect()
}

pub(super) async fn exists(client: &Client, finding: &Finding) -> Result<bool, Error> {
    let Kind::RolledBack { checkpoint } = finding.kind else { return Ok(false) };
    let practice = finding.practice;
    let sql = format!("SELECT FROM audit.entries WHERE practice_id = '{practice}' AND position = {checkpoint}");
    Ok(!client.query(&sql, &[]).await?.is_empty())
}

/// Up to where files of the archive were verified by two runs, so that the entries may have left the database.
pub(super) async fn archived(client: &Client, practice: PracticeId) -> Result<i64, Error> {
    let sql = format!(
        "SELECT coalesce(max(last_position), 0) FROM (
           SELECT last_position FROM audit.archive_checks WHERE practice_id = '{practice}'
           GROUP BY month, sha256, last_position HAVING count(*) > 1) twice"
    );
    Ok(client.query_one(&sql, &[]).await?.get(0))
}

/// Rows of a practice in the order of their positions, as the database sends them.
pub(crate) struct Rows {
    messages: std::pin::Pin<Box<CopyOutStream>>,
    message: bytes::Bytes,
    is_first: bool,
}

/// What was sent.
pub(crate) enum Sent<'a> {
    Row(Box<Row<'a>>),
    /// In no form that the service writes.
    Unreadable,
    End,
}

impl Rows {
    pub(crate) async fn of(client: &Client, practice: PracticeId, from: i64, to: i64) -> Result<Self, Error> {
        let sql = format!(
            "COPY (SELECT {} FROM audit.entries WHERE practice_id = '{practice}' AND position BETWEEN {from} AND {to}
             ORDER BY position) TO STDOUT (FORMAT binary)",
            row::COLUMNS,
        );
        let messages = Box::pin(client.copy_out(&sql).await?);
        Ok(Self { messages, message: bytes::Bytes::new(), is_first: true })
    }

    pub(crate) async fn next(&mut self) -> Result<Sent<'_>, Error> {
        match self.messages.next().await {
            None => return Ok(Sent::End),
            Some(message) => self.message = message?,
        }
        let is_first = std::mem::replace(&mut self.is_first, false);
        Ok(match copy::read(&self.message, is_first) {
            Some(Message::Row(row)) => Sent::Row(row),
            Some(Message::End) => Sent::End,
            None => Sent::Unreadable,
        })
    }

    /// How many are left: a copy can't be left in the middle.
    pub(crate) async fn drain(&mut self) -> Result<u64, Error> {
        let mut left = 0;
        while !matches!(self.next().await?, Sent::End) {
            left += 1;
        }
        Ok(left)
    }
}
