//! What a program may open: walls that the kernel puts around it (Landlock, <https://docs.kernel.org/userspace-api/landlock.html>).
//!
//! It reads the programs and libraries of the system and what it is given, writes into one folder, opens no other file,
//! and, where the kernel is new enough, connects to no TCP port and signals no process. Sockets that are files are not
//! kept from it. The walls stand around the thread that starts it, and so around all that it starts.

use std::{
    error::Error,
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, Scope, path_beneath_rules,
};

/// The first version by which a file that may not be written to can't be made shorter either (Linux 6.2).
const NEEDED: ABI = ABI::V3;
/// What a program needs to begin: where it and its libraries are, and how many processors there are.
const SYSTEM: [&str; 12] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/etc/ld.so.cache",
    "/dev/null",
    "/dev/urandom",
    "/dev/random",
    "/sys/devices/system/cpu",
];

/// What a program may open beside the system's own files.
#[derive(Clone, Debug)]
pub(super) struct Walls {
    /// Files and folders that it may read.
    pub(super) reads: Vec<PathBuf>,
    /// Folders in which it may do anything.
    pub(super) writes: Vec<PathBuf>,
}

impl Walls {
    /// Whether the kernel knows walls that hold.
    pub(super) fn are_known() -> bool {
        ruleset().is_ok()
    }

    /// Nothing but the system's own files.
    pub(super) fn none() -> Self {
        Self { reads: Vec::new(), writes: Vec::new() }
    }

    /// Puts them around this thread, for good.
    pub(super) fn raise(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut rules = ruleset()?;
        rules = rules.add_rules(path_beneath_rules(SYSTEM, AccessFs::from_read(NEEDED)))?;
        for path in &self.reads {
            let beneath = PathBeneath::new(opened(path)?, readable(path));
            rules = rules.add_rule(beneath)?;
        }
        for path in &self.writes {
            rules = rules.add_rule(PathBeneath::new(opened(path)?, AccessFs::from_all(NEEDED)))?;
        }
        rules.restrict_self()?;
        Ok(())
    }
}

/// One by which nothing may be opened: files at least, and where the kernel can, ports, devices and other processes too.
fn ruleset() -> Result<RulesetCreated, landlock::RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::from_all(ABI::V4))?
        .scope(Scope::from_all(ABI::V6))?
        .create()
}

fn opened(path: &Path) -> Result<PathFd, String> {
    PathFd::new(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A file cannot be listed.
fn readable(path: &Path) -> landlock::BitFlags<AccessFs> {
    let all = AccessFs::from_read(NEEDED);
    if path.is_dir() { all } else { all & AccessFs::from_file(NEEDED) }
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use super::*;

    /// What a thread within walls can do, if the kernel knows them.
    fn within(walls: Walls, tries: impl FnOnce() + Send + 'static) {
        if Walls::are_known() {
            let thread = thread::spawn(move || {
                walls.raise().unwrap();
                tries();
            });
            thread.join().unwrap();
        }
    }

    #[test]
    fn what_is_given_is_read_and_not_written() {
        let (inlet, bench, other) = (tempfile::tempdir(), tempfile::tempdir(), tempfile::tempdir());
        let [inlet, bench, other] = [inlet, bench, other].map(|folder| folder.unwrap().keep());
        for folder in [&inlet, &bench, &other] {
            fs::write(folder.join("file"), "there").unwrap();
        }
        let folders = [inlet.clone(), bench.clone(), other.clone()];
        within(Walls { reads: vec![inlet.clone()], writes: vec![bench.clone()] }, move || {
            assert_eq!(fs::read(inlet.join("file")).unwrap(), b"there");
            assert!(fs::write(inlet.join("file"), "gone").is_err());
            assert!(fs::OpenOptions::new().append(true).open(inlet.join("file")).is_err());
            assert!(fs::remove_file(inlet.join("file")).is_err());
            assert!(fs::hard_link(inlet.join("file"), bench.join("linked")).is_err());
            assert!(fs::rename(inlet.join("file"), bench.join("moved")).is_err());
            fs::write(bench.join("file"), "made").unwrap();
            assert!(fs::read(other.join("file")).is_err());
            assert!(fs::read("/etc/passwd").is_err());
            // What is open for reading is not opened for writing by another name.
            let open = fs::File::open(inlet.join("file")).unwrap();
            let again = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&open));
            assert!(fs::OpenOptions::new().write(true).open(again).is_err());
        });
        for folder in folders {
            fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn no_port_is_reached() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        // Ports came later than files.
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        let numbers: Vec<u32> = release.split(['.', '-']).map_while(|part| part.parse().ok()).collect();
        let knows_ports = numbers >= vec![6, 7];
        within(Walls::none(), move || {
            let refused = std::net::TcpStream::connect(address).err().map(|error| error.kind());
            assert_eq!(refused, knows_ports.then_some(std::io::ErrorKind::PermissionDenied), "{release}");
        });
    }
}
