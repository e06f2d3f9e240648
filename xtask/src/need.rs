//! What the commands need from the system, and how it is found to be there.

use std::{
    ffi::OsStr,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use stagemark_services::find;

/// Something that a package of the system brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// What it is, for people.
    pub(crate) what: &'static str,
    /// What it is for.
    pub(crate) purpose: &'static str,
    /// The programs that must be in the path.
    programs: &'static [&'static str],
    /// What else the first of them must be able to do.
    able: Able,
    /// The packages of Debian and Ubuntu that bring it.
    pub(crate) packages: &'static [&'static str],
    /// Whether the packages start a server, when they are installed, that nobody asked for.
    pub(crate) starts: bool,
}

/// What a program must be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Able {
    /// Nothing but to run.
    Run,
    /// To compile with the headers of the C library.
    Compile,
    /// To make a Python environment with pip.
    MakeVenv,
}

impl Need {
    /// To link programs, and to build what is written in C.
    pub(crate) const CC: Self = Self {
        what: "a C compiler with the headers of the C library",
        purpose: "to build SQLite",
        programs: &["cc"],
        able: Able::Compile,
        packages: &["gcc", "libc6-dev"],
        starts: false,
    };
    /// What the media steps run on.
    pub(crate) const FFMPEG: Self = Self {
        what: "ffmpeg and ffprobe",
        purpose: "for the media steps",
        programs: &["ffmpeg", "ffprobe"],
        able: Able::Run,
        packages: &["ffmpeg"],
        starts: false,
    };
    /// What confines ffmpeg.
    pub(crate) const LIMITS: Self = Self {
        what: "setpriv, prlimit and unshare",
        purpose: "to confine ffmpeg",
        programs: &["setpriv", "prlimit", "unshare"],
        able: Able::Run,
        packages: &["util-linux"],
        starts: false,
    };
    /// What makes a clock wrong for one process.
    pub(crate) const FAKETIME: Self = Self {
        what: "faketime",
        purpose: "for the tests of hosts whose clocks are wrong",
        programs: &["faketime"],
        able: Able::Run,
        packages: &["faketime"],
        starts: false,
    };
    /// What stands in front of the API hosts.
    pub(crate) const NGINX: Self = Self {
        what: "nginx",
        purpose: "for the front of the showcase",
        programs: &["nginx"],
        able: Able::Run,
        packages: &["nginx"],
        starts: true,
    };
    /// What asks the API as often as it answers.
    pub(crate) const WRK: Self = Self {
        what: "wrk",
        purpose: "to measure the API of the showcase",
        programs: &["wrk"],
        able: Able::Run,
        packages: &["wrk"],
        starts: false,
    };
    /// What fills in templates.
    pub(crate) const ENVSUBST: Self = Self {
        what: "envsubst",
        purpose: "for the tests of what is deployed",
        programs: &["envsubst"],
        able: Able::Run,
        packages: &["gettext-base"],
        starts: false,
    };
    /// What people look at pages with.
    pub(crate) const CHROMIUM: Self = Self {
        what: "Chromium",
        purpose: "for the tests of the showcase's page",
        programs: &["chromium"],
        able: Able::Run,
        packages: &["chromium"],
        starts: false,
    };
    /// What reads units.
    pub(crate) const SYSTEMD: Self = Self {
        what: "systemd-analyze",
        purpose: "for the tests of what is deployed",
        programs: &["systemd-analyze"],
        able: Able::Run,
        packages: &["systemd"],
        starts: false,
    };
    /// What makes small disks for tests.
    pub(crate) const MOUNT: Self = Self {
        what: "mount and umount",
        purpose: "for the tests with a full disk",
        programs: &["mount", "umount"],
        able: Able::Run,
        packages: &["mount"],
        starts: false,
    };

    /// The truth of a cluster.
    pub(crate) const POSTGRES: Self = Self {
        what: "PostgreSQL",
        purpose: "for runs on a cluster",
        programs: &["postgres", "initdb", "psql"],
        able: Able::Run,
        packages: &["postgresql", "postgresql-client"],
        starts: true,
    };
    /// Locks and progress of a cluster.
    pub(crate) const REDIS: Self = Self {
        what: "Redis",
        purpose: "for locks and progress on a cluster",
        programs: &["redis-server"],
        able: Able::Run,
        packages: &["redis-server"],
        starts: true,
    };
    /// Hints of a cluster.
    pub(crate) const RABBITMQ: Self = Self {
        what: "RabbitMQ",
        purpose: "for hints on a cluster",
        programs: &["rabbitmq-server", "rabbitmqctl", "epmd"],
        able: Able::Run,
        packages: &["rabbitmq-server", "erlang-base"],
        starts: true,
    };
    /// What the S3 store and Node.js come by.
    pub(crate) const PYTHON: Self = Self {
        what: "Python with venv",
        purpose: "to install an S3 store, and Node.js",
        programs: &["python3"],
        able: Able::MakeVenv,
        packages: &["python3", "python3-venv"],
        starts: false,
    };
    /// What starts servers, and ends them with who started them.
    pub(crate) const SETSID: Self = Self {
        what: "setsid and setpriv",
        purpose: "to start private servers",
        programs: &["setsid", "setpriv"],
        able: Able::Run,
        packages: &["util-linux"],
        starts: false,
    };

    /// Whether it is missing where programs are looked for in this path.
    pub(crate) fn is_missing(&self, path: &OsStr) -> bool {
        let found: Vec<_> = self.programs.iter().filter_map(|program| find(program, path)).collect();
        found.len() < self.programs.len() || found.first().is_none_or(|first| !self.able.is(first))
    }
}

impl Able {
    fn is(self, program: &Path) -> bool {
        match self {
            Self::Run => true,
            Self::Compile => compiles(program),
            Self::MakeVenv => makes_venv(program),
        }
    }
}

/// Whether Python has what a venv with pip is made of; distributions leave it out.
fn makes_venv(python: &Path) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", "import venv, ensurepip"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether a C compiler finds the headers.
fn compiles(cc: &Path) -> bool {
    let mut command = Command::new(cc);
    command.args(["-fsyntax-only", "-x", "c", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let written = child.stdin.take().is_some_and(|mut source| source.write_all(b"#include <stdio.h>\n").is_ok());
    child.wait().is_ok_and(|status| written && status.success())
}

#[cfg(test)]
mod tests {
    use std::{env, fs, os::unix::fs::PermissionsExt};

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
    fn a_python_that_makes_no_venv_is_not_enough() {
        let (works, fails) = (folder_with(&["python3"], 0), folder_with(&["python3"], 1));

        assert!(!Need::PYTHON.is_missing(works.path().as_os_str()));
        assert!(Need::PYTHON.is_missing(fails.path().as_os_str()));
    }

    #[test]
    fn nothing_is_found_in_an_empty_path() {
        for need in [Need::CC, Need::FFMPEG, Need::LIMITS, Need::MOUNT] {
            assert!(need.is_missing(OsStr::new("")), "{}", need.what);
        }
    }
}
