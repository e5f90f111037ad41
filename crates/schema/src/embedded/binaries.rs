//! Finds the newest installed PostgreSQL that is new enough.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Error, Options};

/// The oldest major version we test with (`MERGE`, `security_invoker` views, `STRATEGY = FILE_COPY`).
const OLDEST: u32 = 15;

/// Where distributions put one directory per version, and where `bin` lies in it.
const VERSIONED: [&str; 4] = ["/usr/lib/postgresql", "/usr/lib64/postgresql", "/opt/homebrew/opt", "/usr/local/opt"];

/// One installed PostgreSQL.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// The one the operator named, or the newest found; for an existing cluster the one that can read its data.
    pub(super) fn find(options: &Options, data: &Path, version: Option<u32>) -> Result<Self, Error> {
        let fits = |found: &Self| version.map_or(found.major >= OLDEST, |version| found.major == version);
        let found = match &options.bin_dir {
            Some(dir) => Some(Self::named(dir)?).filter(fits),
            None => candidates(&options.search_path)
                .iter()
                .filter_map(|dir| Some(Self { dir: dir.clone(), major: major(dir)? }))
                .filter(fits)
                .reduce(|best, next| if next.major > best.major { next } else { best }),
        };
        found.ok_or_else(|| match version {
            Some(version) => Error::OtherVersion { data: data.to_path_buf(), version },
            None => Error::NoBinaries { oldest: OLDEST },
        })
    }

    fn named(dir: &Path) -> Result<Self, Error> {
        let bad = |problem: String| Error::BadBinaries { dir: dir.to_path_buf(), problem };
        let major = major(dir).ok_or_else(|| bad("has no working `initdb` and `postgres`".to_owned()))?;
        if major < OLDEST {
            return Err(bad(format!("is PostgreSQL {major}: {OLDEST} or newer is needed")));
        }
        Ok(Self { dir: dir.to_path_buf(), major })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.dir.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }
}

fn candidates(search_path: &[PathBuf]) -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    for base in VERSIONED {
        dirs.extend(fs::read_dir(base).into_iter().flatten().flatten().map(|entry| entry.path().join("bin")));
    }
    for entry in fs::read_dir("/usr").into_iter().flatten().flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(b"pgsql-") {
            dirs.push(entry.path().join("bin"));
        }
    }
    dirs.extend_from_slice(search_path);
    dirs
}

/// Asks the binary, because neither a directory's name nor a place in PATH says which version it is.
fn major(dir: &Path) -> Option<u32> {
    let postgres = dir.join("postgres");
    if !dir.join("initdb").exists() || !postgres.exists() {
        return None;
    }
    let output = Command::new(postgres).arg("-V").output().ok()?;
    version(std::str::from_utf8(&output.stdout).ok()?)
}

/// `postgres (PostgreSQL) 15.18 (Debian …)`, `… 16beta1`, `… 18devel`
fn version(text: &str) -> Option<u32> {
    let number = text.strip_prefix("postgres (PostgreSQL) ")?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_major_version_is_read_from_releases_and_previews() {
        assert_eq!(version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(version("postgres (PostgreSQL) 19beta2\n"), Some(19));
        assert_eq!(version("postgres (PostgreSQL) 20devel\n"), Some(20));
        assert_eq!(version("postgres (EnterpriseThing) 15.1\n"), None);
        assert_eq!(version(""), None);
    }
}
