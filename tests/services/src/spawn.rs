//! How servers are started: to end with this process, or to outlive it.

use std::{
    env, fs, io,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::{LazyLock, mpsc},
    thread,
};

use crate::{
    error::{At, ServiceError},
    programs::need,
};

/// How long a server lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// As long as this process, however that ends.
    WithThisProcess,
    /// Until it is stopped.
    OfItsOwn,
}

/// As whom a server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// As who runs this process.
    This,
    /// As this system user, where root runs this process.
    InsteadOfRoot(&'static str),
}

/// On what terms a server runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) life: Life,
    pub(crate) user: User,
    /// The signal that it gets when this process ends, where it ends with it.
    pub(crate) death: &'static str,
}

/// A command that becomes this program.
pub(crate) fn command(program: &Path, terms: Terms, folder: &Path) -> Result<Command, ServiceError> {
    // A session of its own: else a key that interrupts us would reach it too.
    let mut command = Command::new(need("setsid", "util-linux")?);
    command.arg(need("setpriv", "util-linux")?);
    command.args(["--pdeathsig", if terms.life == Life::OfItsOwn { "clear" } else { terms.death }]);
    command.args(privileges(terms.user, folder));
    command.arg("--").arg(program).current_dir(folder);
    Ok(command)
}

/// What setpriv is told, to become this user.
pub(crate) fn privileges(user: User, folder: &Path) -> Vec<String> {
    let User::InsteadOfRoot(name) = user else { return Vec::new() };
    if !rustix::process::geteuid().is_root() {
        return Vec::new();
    }
    let mut words = vec![format!("--reuid={name}"), format!("--regid={name}"), "--clear-groups".to_owned()];
    if !is_open(folder) {
        // In a folder that only root may enter, as `/root` is, the user must be let through.
        let capability = if may_pass() { "dac_read_search" } else { "dac_override" };
        words.extend([format!("--inh-caps=+{capability}"), format!("--ambient-caps=+{capability}")]);
    }
    words
}

/// Gives files to the user that a server runs as.
pub(crate) fn give(user: User, paths: &[&Path]) -> Result<(), ServiceError> {
    let User::InsteadOfRoot(name) = user else { return Ok(()) };
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let id = |which| {
        let said = run(Command::new("id").args([which, name]), "looking up the user of a server")?;
        said.trim().parse::<u32>().map_err(|error| ServiceError::command("looking up the user of a server", &error))
    };
    let (user, group) = (id("-u")?, id("-g")?);
    paths.iter().try_for_each(|path| chown(path, Some(user), Some(group)).at("giving away", *path))
}

/// Whether others may enter this folder and each above it.
pub(crate) fn is_open(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    folder
        .ancestors()
        .all(|folder| fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0))
}

/// Whether this process may enter any folder, and not only write any file; containers often grant just the other.
fn may_pass() -> bool {
    const DAC_READ_SEARCH: u64 = 1 << 2;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & DAC_READ_SEARCH != 0)
}

/// Starts a command on a thread that lives as long as this process: what dies with its parent dies with the *thread*
/// that started it, and a test is a thread.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static ORDERS: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (orders, received) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in received {
                // Nobody waits for the answer any more only where the process ends.
                let _unheard = answer.send(command.spawn());
            }
        });
        orders
    });
    let ended = || io::Error::other("the thread that starts servers has ended");
    let (answer, answered) = mpsc::channel();
    ORDERS.send((command, answer)).map_err(|_| ended())?;
    answered.recv().map_err(|_| ended())?
}

/// Runs a command to its end; gives what it wrote.
pub(crate) fn run(command: &mut Command, doing: &'static str) -> Result<String, ServiceError> {
    let output = command.output().map_err(|error| ServiceError::command(doing, &error))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(said.into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(ServiceError::command(doing, &format!("{}: {} {}", output.status, said.trim(), errors.trim())))
}

/// The folder for what is installed once and used by all: below the target folder of this repository.
pub(crate) fn tools() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
    target.join("services")
}
