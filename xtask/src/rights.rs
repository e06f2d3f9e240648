//! Whether this user may install packages, and in which way.

use std::{
    ffi::OsStr,
    fs,
    io::{self, IsTerminal},
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
};

use stagemark_services::find;

/// How packages can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rights {
    /// As root: at once.
    Root,
    /// By sudo, which asks for nothing, or for a password at this terminal.
    Sudo,
    /// By sudo, but there is no terminal to type its password.
    SudoByHand,
    /// There is no sudo.
    None,
    /// There is no package manager that is known here.
    NoPackageManager,
}

impl Rights {
    /// What this process may do, where programs are looked for in this path.
    pub(crate) fn here(path: &OsStr) -> Self {
        if find("apt-get", path).is_none() {
            return Self::NoPackageManager;
        }
        // A folder of `/proc` belongs to the effective user of its process.
        if fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
            return Self::Root;
        }
        match find("sudo", path) {
            None => Self::None,
            Some(sudo) if io::stdin().is_terminal() || asks_nothing(&sudo) => Self::Sudo,
            Some(_) => Self::SudoByHand,
        }
    }
}

fn asks_nothing(sudo: &Path) -> bool {
    let mut command = Command::new(sudo);
    command.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
