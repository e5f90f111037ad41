//! Whether a file holds what the database holds, row by row and column by column.

use kernel::PracticeId;
use tokio_postgres::Client;

use super::Error;
use crate::archive::{Archive, Month};
use crate::verify::{self, Opened, Part, Rows, Sent};

/// # Errors
/// [`Error::Differs`] at the first row that isn't the same.
pub(super) async fn file(client: &Client, archive: &Archive, practice: PracticeId, month: Month) -> Result<(), Error> {
    let mut opened = Opened::new(archive, practice, month).await?;
    let mut rows: Option<(Rows, i64)> = None;
    while let Some(part) = opened.next().await {
        match part {
            Part::Contents(said) => {
                rows = Some((Rows::of(client, practice, said.first(), said.last()).await?, said.first()));
            }
            Part::Rows(batch) => {
                let Some((stored, next)) = &mut rows else { break };
                for row in batch.rows() {
                    let is_same = match (row, stored.next().await?) {
                        (Some((of, row)), Sent::Row(stored)) => of == practice.uuid() && row == *stored,
                        _ => false,
                    };
                    if !is_same {
                        let position = *next;
                        stored.drain().await?;
                        return Err(Error::Differs { practice, position });
                    }
                    *next += 1;
                }
            }
        }
    }
    let (mut stored, next) = rows.ok_or_else(|| verify::Error::Form)?;
    let is_end = matches!(stored.next().await?, Sent::End);
    if opened.ended().await && is_end { Ok(()) } else { Err(Error::Differs { practice, position: next }) }
}
