//! Programs that are built from crates: each is installed below the target folder.

use std::{env, fs, path::PathBuf, process::Command};

use crate::{
    error::{At, ServiceError},
    spawn::tools,
    wheel::gate,
};

/// A program that is built from a crate, of one version.
///
/// ```
/// assert!(stagemark_services::OHA.program().ends_with("bin/oha"));
/// ```
#[derive(Debug)]
pub struct Built {
    package: &'static str,
    version: &'static str,
}

/// Asks a server over HTTP, so many times a second. Some minutes to build.
pub static OHA: Built = Built { package: "oha", version: "1.16.0" };

impl Built {
    /// Its version.
    pub const fn version(&self) -> &'static str {
        self.version
    }

    /// Where the program is, once it is [installed](Self::install).
    pub fn program(&self) -> PathBuf {
        self.folder().join("bin").join(self.package)
    }

    /// Builds and installs it, where it is not there yet. Cargo says how far it is.
    ///
    /// # Errors
    /// [`ServiceError::Command`] where cargo does not build it.
    pub fn install(&self) -> Result<(), ServiceError> {
        if self.is_installed() {
            return Ok(());
        }
        let _held = gate()?;
        if self.is_installed() {
            return Ok(());
        }
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["install", "--locked", "--version", self.version, self.package, "--root"]);
        let ended = cargo.arg(self.folder()).status();
        let failed = |said: &dyn std::fmt::Display| ServiceError::command("building a program from its crate", said);
        let ended = ended.map_err(|error| failed(&error))?;
        if !ended.success() {
            return Err(failed(&format!("cargo install {} ended with {ended}", self.package)));
        }
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

    fn folder(&self) -> PathBuf {
        tools().join(format!("{}-{}", self.package, self.version))
    }
}
