//! The bytes of a stored file, piece by piece, for readers that wait for them on a thread of their own.

use std::io::{self, Read};

use kernel::id::InboundFileId;
use kernel::{Failure, Scope};
use schema::Db;
use tokio::sync::mpsc;

use super::store;

/// Pieces on their way at most.
const AHEAD: usize = 2;

/// Reads what a [`Pump`] sends. Only for threads that may block.
#[derive(Debug)]
pub struct Bytes {
    pieces: mpsc::Receiver<Vec<u8>>,
    /// The piece at hand, and how much of it was read.
    piece: io::Cursor<Vec<u8>>,
}

/// Where a file's pieces go.
#[derive(Debug)]
pub struct Pump(mpsc::Sender<Vec<u8>>);

/// Both ends.
#[must_use]
pub fn channel() -> (Pump, Bytes) {
    let (sender, pieces) = mpsc::channel(AHEAD);
    (Pump(sender), Bytes { pieces, piece: io::Cursor::default() })
}

impl Pump {
    /// Sends a file's pieces until all are sent or nobody reads on.
    ///
    /// # Errors
    /// The database's.
    pub async fn run(self, db: &Db, scope: &Scope, file: InboundFileId, pieces: i32) -> Result<(), Failure> {
        for ordinal in 0..pieces {
            let piece = db.read_one(scope, async move |tx| store::piece(tx, file, ordinal).await).await?;
            if self.0.send(piece).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = io::Cursor::new(piece),
                None => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_read_as_one_file_whatever_the_sizes() {
        let (pump, mut bytes) = channel();
        let sent = std::thread::spawn(move || {
            for piece in [b"ISA*".to_vec(), Vec::new(), b"00".to_vec(), b"~".to_vec()] {
                pump.0.blocking_send(piece).unwrap();
            }
        });
        let mut text = String::new();
        bytes.read_to_string(&mut text).unwrap();
        sent.join().unwrap();
        assert_eq!(text, "ISA*00~");
    }
}
