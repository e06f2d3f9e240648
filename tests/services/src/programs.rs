//! Where the programs of the servers are.

use std::{
    env,
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::error::ServiceError;

/// Folders of Debian and Ubuntu that are not in the path, or whose programs are better than those that are: theirs in
/// the path change the user first.
const RABBITMQ: &str = "/usr/lib/rabbitmq/bin";
const POSTGRES: &str = "/usr/lib/postgresql";

/// The program of this name: where distributions keep it, else where a shell with this path would find it.
///
/// ```
/// assert!(stagemark_services::find("sh", std::ffi::OsStr::new("/bin")).is_some());
/// assert!(stagemark_services::find("no-such-program", std::ffi::OsStr::new("/bin")).is_none());
/// ```
pub fn find(program: &str, path: &OsStr) -> Option<PathBuf> {
    let folders = postgres_folders().into_iter().chain([RABBITMQ.into()]).chain(env::split_paths(path));
    folders.map(|folder| folder.join(program)).find(|file| is_program(file))
}

/// The program of this name, which a package brings.
pub(crate) fn need(program: &'static str, package: &'static str) -> Result<PathBuf, ServiceError> {
    find(program, &env::var_os("PATH").unwrap_or_default()).ok_or(ServiceError::NotInstalled { program, package })
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Those of the installed versions of `PostgreSQL` that have a server, the newest first.
fn postgres_folders() -> Vec<PathBuf> {
    let versions = fs::read_dir(POSTGRES).into_iter().flatten().filter_map(|entry| {
        let folder = entry.ok()?;
        Some((folder.file_name().to_str()?.parse::<u32>().ok()?, folder.path().join("bin")))
    });
    let mut versions: Vec<_> = versions.filter(|(_, bin)| is_program(&bin.join("postgres"))).collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, bin)| bin).collect()
}
