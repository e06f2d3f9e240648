//! What the commands need from the system, and how it is found to be there.

use std::{
    env,
    ffi::OsStr,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Stdio},
};

/// Something that a package of the system brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// What it is, for people.
    pub(crate) what: &'static str,
    /// What it is for.
    pub(crate) purpose: &'static str,
    /// The programs that must be in the path.
    programs: &'static [&'static str],
    /// Whether there must be the headers of the C library.
    headers: bool,
    /// The packages of Debian and Ubuntu that bring it.
    pub(crate) packages: &'static [&'static str],
}

impl Need {
    /// To link programs, and to build what is written in C.
    pub(crate) const CC: Self = Self {
        what: "a C compiler with the headers of the C library",
        purpose: "to build SQLite",
        programs: &["cc"],
        headers: true,
        packages: &["gcc", "libc6-dev"],
    };
    /// What the media steps run on.
    pub(crate) const FFMPEG: Self = Self {
        what: "ffmpeg and ffprobe",
        purpose: "for the media steps",
        programs: &["ffmpeg", "ffprobe"],
        headers: false,
        packages: &["ffmpeg"],
    };
    /// What confines ffmpeg.
    pub(crate) const LIMITS: Self = Self {
        what: "setpriv, prlimit and unshare",
        purpose: "to confine ffmpeg",
        programs: &["setpriv", "prlimit", "unshare"],
        headers: false,
        packages: &["util-linux"],
    };
    /// What makes small disks for tests.
    pub(crate) const MOUNT: Self = Self {
        what: "mount and umount",
        purpose: "for the tests with a full disk",
        programs: &["mount", "umount"],
        headers: false,
        packages: &["mount"],
    };

    /// Whether it is missing where programs are looked for in this path.
    pub(crate) fn is_missing(&self, path: &OsStr) -> bool {
        let found: Vec<_> = self.programs.iter().filter_map(|program| find(program, path)).collect();
        found.len() < self.programs.len() || self.headers && found.first().is_none_or(|cc| !compiles(cc))
    }
}

/// The program of this name that a shell with this path would run.
pub(crate) fn find(program: &str, path: &OsStr) -> Option<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(program)).find(|file| {
        file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    })
}

/// Whether a C compiler finds the headers.
fn compiles(cc: &PathBuf) -> bool {
    let mut command = Command::new(cc);
    command.args(["-fsyntax-only", "-x", "c", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let written = child.stdin.take().is_some_and(|mut source| source.write_all(b"#include <stdio.h>\n").is_ok());
    child.wait().is_ok_and(|status| written && status.success())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A folder with programs that end with this code, whatever they are given.
    fn folder_with(programs: &[&str], code: i32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for program in programs {
            let file = folder.path().join(program);
            fs::write(&file, format!("#!/bin/sh\nwhile read -r line; do :; done\nexit {code}\n")).unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    #[test]
    fn what_is_in_the_path_is_not_missing() {
        let folder = folder_with(&["ffmpeg", "ffprobe"], 0);

        assert!(!Need::FFMPEG.is_missing(folder.path().as_os_str()));
    }

    #[test]
    fn programs_may_be_in_several_folders() {
        let (one, other) = (folder_with(&["ffmpeg"], 0), folder_with(&["ffprobe"], 0));
        let path = env::join_paths([one.path(), other.path()]).unwrap();

        assert!(!Need::FFMPEG.is_missing(&path));
    }

    #[test]
    fn one_program_of_two_is_not_enough() {
        let folder = folder_with(&["ffmpeg"], 0);

        assert!(Need::FFMPEG.is_missing(folder.path().as_os_str()));
    }

    #[test]
    fn a_file_that_cannot_be_run_is_no_program() {
        let folder = folder_with(&["ffprobe"], 0);
        fs::write(folder.path().join("ffmpeg"), "not a program").unwrap();

        assert!(Need::FFMPEG.is_missing(folder.path().as_os_str()));
    }

    #[test]
    fn a_compiler_without_headers_is_not_enough() {
        let (works, fails) = (folder_with(&["cc"], 0), folder_with(&["cc"], 1));

        assert!(!Need::CC.is_missing(works.path().as_os_str()));
        assert!(Need::CC.is_missing(fails.path().as_os_str()));
    }

    #[test]
    fn nothing_is_found_in_an_empty_path() {
        for need in [Need::CC, Need::FFMPEG, Need::LIMITS, Need::MOUNT] {
            assert!(need.is_missing(OsStr::new("")), "{}", need.what);
        }
    }
}
