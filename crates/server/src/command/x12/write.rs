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
    Read(#[source] io::Error),
    /// Where in the JSON, and what should stand there.
    #[error("the claims can't be read: {path}: {problem} (line {line}, column {column})")]
    Form { path: String, problem: String, line: usize, column: usize },
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
    claims.read_to_end(&mut json).map_err(Error::Read)?;
    let mut json = serde_json::Deserializer::from_slice(&json);
    let file: ClaimFile = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        form(path, error.inner())
    })?;
    json.end().map_err(|error| form(".".to_owned(), &error))?;
    Ok(file.to_bytes()?)
}

/// What serde says, but for the value that it found: that may be somebody's name.
fn form(path: String, error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let said = said.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&said);
    let problem = match said.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => said.to_owned(),
    };
    Error::Form { path, problem, line, column }
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
