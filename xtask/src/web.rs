//! The web app of the showcase: its packages, its build and its own tests, by Node.js and npm.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use stagemark_services::NODE;

use crate::{root, run};

/// What npm writes last, when it has installed what the lock file names.
const INSTALLED: &str = "node_modules/.package-lock.json";

/// Builds the app; gives the folder of its files.
pub(crate) fn build() -> Result<PathBuf, String> {
    let app = app();
    install(&app)?;
    run(npm(&app)?.args(["run", "--silent", "build"]))?;
    Ok(app.join("dist"))
}

/// Runs the checks and tests of the app that need no server.
pub(crate) fn test() -> Result<(), String> {
    let app = app();
    install(&app)?;
    run(npm(&app)?.args(["run", "--silent", "check"]))?;
    run(npm(&app)?.args(["run", "--silent", "test"]))
}

fn app() -> PathBuf {
    root().join("examples/showcase/web")
}

/// Installs the packages that the lock file names, where they are not there, or are those of another one.
fn install(app: &Path) -> Result<(), String> {
    NODE.install().map_err(|error| error.to_string())?;
    let changed = |file: &str| fs::metadata(app.join(file)).and_then(|metadata| metadata.modified()).ok();
    if changed(INSTALLED).is_some_and(|installed| changed("package-lock.json").is_some_and(|lock| lock <= installed)) {
        return Ok(());
    }
    run(npm(app)?.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
}

/// npm of the Node.js that is installed here, with that one first in the path of what it starts.
fn npm(app: &Path) -> Result<Command, String> {
    let node = NODE.program();
    let here = node.parent().ok_or("the folder of Node.js is not known")?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path: OsString = env::join_paths(std::iter::once(here.to_owned()).chain(env::split_paths(&path)))
        .map_err(|error| format!("the path of programs cannot be set: {error}"))?;
    let mut npm = Command::new(&node);
    npm.arg(here.join("../lib/node_modules/npm/bin/npm-cli.js")).current_dir(app).env("PATH", path);
    Ok(npm)
}
