//! Which user the database runs as, and how a process of that user is started.
//!
//! PostgreSQL refuses to run as root, so root hands it to `postgres` or `nobody`. `setpriv` does that and asks the
//! kernel for a signal when our thread dies; where it is missing, the standard library drops the privileges and a
//! database whose parent was killed is stopped by the next start instead.
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::geteuid;

use super::Error;
use super::error::Attempt;

#[derive(Debug, Clone)]
pub(super) struct Account {
    /// None when we run as an ordinary user: then the database runs as the same one.
    drop_to: Option<(u32, u32)>,
    setpriv: Option<PathBuf>,
}

impl Account {
    /// `data` is the data directory of an existing cluster: it stays with the user who made it.
    pub(super) fn detect(data: &Path) -> Result<Self, Error> {
        let setpriv = setpriv();
        if !geteuid().is_root() {
            return Ok(Self { drop_to: None, setpriv });
        }
        let owner = fs::metadata(data).ok().map(|data| (data.uid(), data.gid())).filter(|owner| owner.0 != 0);
        let passwd = Path::new("/etc/passwd");
        let drop_to = match owner {
            Some(owner) => owner,
            None => somebody(&fs::read_to_string(passwd).attempt("read", passwd)?).ok_or(Error::NoAccount)?,
        };
        Ok(Self { drop_to: Some(drop_to), setpriv })
    }

    /// Whether the database runs as somebody else than we do.
    pub(super) fn is_other(&self) -> bool {
        self.drop_to.is_some()
    }

    /// A command of this user with a bare environment, in its own process group so that Ctrl-C reaches us only,
    /// which gets `signal` when the thread that spawns it ends.
    pub(super) fn command(&self, program: &Path, signal: &str) -> Command {
        let mut command = match &self.setpriv {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                if let Some((user, group)) = self.drop_to {
                    command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups");
                }
                command.args(["--pdeathsig", signal, "--"]).arg(program);
                command
            }
            None => {
                let mut command = Command::new(program);
                if let Some((user, group)) = self.drop_to {
                    command.gid(group).uid(user);
                }
                command
            }
        };
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        command.current_dir("/").stdin(Stdio::null()).process_group(0);
        command
    }

    /// Whether this user gets through to `dir`: a checkout below `/root` is closed to everybody else.
    pub(super) fn reaches(&self, dir: &Path) -> bool {
        let mut enter = self.command(Path::new("/bin/sh"), "KILL");
        enter.args(["-c", "cd -- \"$1\"", "sh"]).arg(dir).stdout(Stdio::null()).stderr(Stdio::null());
        !self.is_other() || enter.status().is_ok_and(|status| status.success())
    }

    /// Makes a directory that only this user can enter; fails when the name is taken.
    pub(super) fn make_dir(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(path)?;
        match self.drop_to {
            Some((user, group)) => chown(path, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    /// Whether `path` is a directory as [`Account::make_dir`] makes it, and no link to one.
    pub(super) fn owns_dir(&self, path: &Path) -> bool {
        let user = self.drop_to.map_or_else(|| geteuid().as_raw(), |(user, _)| user);
        fs::symlink_metadata(path).is_ok_and(|at| at.is_dir() && at.uid() == user && at.mode() & 0o77 == 0)
    }
}

/// Util-linux's `setpriv`, not the smaller one of busybox, which knows no parent-death signal.
fn setpriv() -> Option<PathBuf> {
    ["/usr/bin/setpriv", "/bin/setpriv"].map(PathBuf::from).into_iter().find(|path| {
        let help = Command::new(path).arg("--help").output();
        help.is_ok_and(|help| help.stdout.windows(11).any(|text| text == b"--pdeathsig"))
    })
}

fn somebody(passwd: &str) -> Option<(u32, u32)> {
    ["postgres", "nobody"].iter().find_map(|wanted| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == *wanted).then_some(())?;
            Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::somebody;

    #[test]
    fn postgres_is_preferred_to_nobody_and_root_is_never_taken() {
        let nobody = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:nobody:/:/bin/false\n";
        assert_eq!(somebody(nobody), Some((65534, 65533)));
        let both = format!("{nobody}postgres:x:101:104::/var/lib/postgresql:/bin/sh\n");
        assert_eq!(somebody(&both), Some((101, 104)));
        assert_eq!(somebody("root:x:0:0:root:/root:/bin/sh\n"), None);
    }
}
