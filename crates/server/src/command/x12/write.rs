//! `claimsd x12 write`: claims in, an 837P out, or nothing.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use x12::claim::ClaimFile;
use x12::violation::Refused;

/// Why no file was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the claims can't be read")]
    Form(#[from] serde_json::Error),
    #[error("no file can hold these claims")]
    Refused(#[from] Refused),
    #[error("can't write {0}")]
    Out(PathBuf, #[source] io::Error),
    #[error("can't write the file")]
    HandOn(#[source] io::Error),
}

/// The file that the claims make.
pub(super) fn render(claims: impl Read) -> Result<Vec<u8>, Error> {
    let mut json = Vec::new();
    // read whole first: serde_json is several times slower on a reader
    let mut claims = claims;
    claims.read_to_end(&mut json).map_err(serde_json::Error::io)?;
    Ok(serde_json::from_slice::<ClaimFile>(&json)?.to_bytes()?)
}

pub(super) fn hand_on(bytes: &[u8], out: &mut impl Write) -> Result<(), Error> {
    out.write_all(bytes).and_then(|()| out.flush()).map_err(Error::HandOn)
}

/// Leaves the file whole or not at all: somebody may be waiting for it.
pub(super) fn keep(bytes: &[u8], path: &Path) -> Result<(), Error> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    fs::write(&partial, bytes)
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|error| Error::Out(path.to_owned(), error))
}
