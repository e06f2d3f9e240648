//! Finds ffmpeg and what confines it, once per process.
//!
//! A confined program has no network, no privileges, no environment, bounded resources, no files but those that it is
//! given, and dies with this process.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::geteuid;
use stagemark::Attempt;
use tokio::sync::OnceCell;

use super::{Limits, child::Watch, walls::Walls};
use crate::MediaError;

/// Where programs are looked for when the PATH does not have them.
const USUAL: [&str; 6] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The programs that media steps run, and how they are confined.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    pub(crate) ffmpeg: PathBuf,
    pub(crate) ffprobe: PathBuf,
    /// What `ffmpeg -version` says first.
    pub(crate) version: String,
    setpriv: PathBuf,
    prlimit: PathBuf,
    /// Takes the network away; empty where the kernel refuses.
    isolate: Vec<OsString>,
    /// Takes all capabilities away; empty where there are none to take.
    disarm: &'static [&'static str],
    /// Whether walls keep the files of this machine from what is run.
    walls: bool,
}

/// A command that is confined.
pub(crate) struct Confined {
    pub(super) command: Command,
    pub(super) walls: Option<Walls>,
}

impl Tools {
    /// The tools of this machine; looked for at the first call, again after a failure.
    pub(crate) async fn find(attempt: &Attempt) -> Result<&'static Self, MediaError> {
        static TOOLS: OnceCell<Tools> = OnceCell::const_new();
        TOOLS.get_or_try_init(|| Self::look(attempt)).await
    }

    async fn look(attempt: &Attempt) -> Result<Self, MediaError> {
        let mut tools = Self {
            ffmpeg: program("ffmpeg", "ffmpeg")?,
            ffprobe: program("ffprobe", "ffmpeg")?,
            version: String::new(),
            setpriv: program("setpriv", "util-linux")?,
            prlimit: program("prlimit", "util-linux")?,
            isolate: Vec::new(),
            disarm: &[],
            walls: false,
        };
        let mut refused = None;
        for (isolate, disarm, walls) in confinements() {
            tools.isolate = isolate;
            tools.disarm = disarm;
            tools.walls = walls;
            match tools.try_out(attempt).await {
                Ok(version) => {
                    tools.version = version;
                    tools.warn();
                    return Ok(tools);
                }
                Err(error @ MediaError::Cancelled) => return Err(error),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or(MediaError::ToolMissing { program: "ffmpeg", package: "ffmpeg" }))
    }

    fn warn(&self) {
        if self.isolate.is_empty() {
            tracing::warn!(
                "ffmpeg runs with the network of this process, because the kernel (or a missing `unshare`) does not \
                 let it be taken away: allow user namespaces, or run in a container that has none to reach"
            );
        }
        if !self.walls {
            tracing::warn!(
                "ffmpeg can open all files that this process can, because the kernel (before Linux 6.2, or without Landlock) \
                 does not keep them from it, or because ffmpeg's own libraries lie apart from the system's"
            );
        }
    }

    /// Whether a program can be kept from writing what it is to read.
    pub(super) fn have_walls(&self) -> bool {
        self.walls
    }

    /// Asks ffmpeg for its version, as confined as it would be.
    async fn try_out(&self, attempt: &Attempt) -> Result<String, MediaError> {
        let mut ask = Command::new(&self.ffmpeg);
        ask.arg("-version");
        let watch = Watch { program: "ffmpeg", attempt, wall: Duration::from_secs(20) };
        let mut version = String::new();
        let ended = watch
            .run(self.confine(&ask, &Limits::probing(), Path::new("/"), Walls::none()), |line| {
                if version.is_empty() {
                    line.clone_into(&mut version);
                }
                Ok(())
            })
            .await?;
        if ended.status.success() && version.starts_with("ffmpeg version") {
            return Ok(version);
        }
        Err(MediaError::Failed { program: "ffmpeg", status: ended.status.to_string(), said: ended.said })
    }

    /// The option that says which times pictures get; older versions know it by another name.
    pub(crate) fn keep_times(&self) -> &'static str {
        let version = self.version.trim_start_matches("ffmpeg version ").trim_start_matches('n');
        let old = ["3.", "4.", "5.0"].iter().any(|old| version.starts_with(old));
        if old { "-vsync" } else { "-fps_mode" }
    }

    /// The command, confined to these limits and walls, and begun in this folder.
    pub(super) fn confine(&self, command: &Command, limits: &Limits, folder: &Path, walls: Walls) -> Confined {
        let words = self.isolate.iter().cloned().chain(self.bounds(limits)).chain(self.last_wrap());
        let program = std::iter::once(command.get_program().to_owned());
        let mut words = words.chain(program).chain(command.get_args().map(ToOwned::to_owned));
        let mut confined = Command::new(words.next().unwrap_or_default());
        confined.args(words).env_clear().current_dir(folder);
        Confined { command: confined, walls: self.walls.then(|| self.with_tools(walls)) }
    }

    /// The walls, within which the programs themselves are found wherever they are.
    fn with_tools(&self, mut walls: Walls) -> Walls {
        walls.reads.extend([self.ffmpeg.clone(), self.ffprobe.clone()]);
        if self.isolate.iter().any(|word| word == "--user") && !geteuid().is_root() {
            // Whoever makes a user namespace says there which user is which. Root could change the system there, and
            // goes without walls if it needs such a namespace.
            walls.writes.push("/proc".into());
        }
        walls
    }

    fn bounds(&self, limits: &Limits) -> [OsString; 6] {
        let cpu = limits.cpu.as_secs().max(1);
        [
            self.prlimit.clone().into(),
            format!("--as={}", limits.memory_bytes).into(),
            format!("--cpu={cpu}:{}", cpu.saturating_add(10)).into(),
            format!("--fsize={}", limits.file_bytes).into(),
            format!("--nofile={}", limits.open_files).into(),
            "--core=0".into(),
        ]
    }

    /// The last before the program: a change of credentials, as a new namespace is, clears the death signal.
    fn last_wrap(&self) -> impl Iterator<Item = OsString> {
        const FIXED: &[&str] = &["--pdeathsig", "KILL", "--no-new-privs"];
        let words = FIXED.iter().chain(self.disarm).map(OsString::from);
        std::iter::once(self.setpriv.clone().into_os_string()).chain(words)
    }
}

/// What takes the network away, what takes capabilities away, and whether there are walls.
type Way = (Vec<OsString>, &'static [&'static str], bool);

/// The ways to confine, best first.
fn confinements() -> Vec<Way> {
    const DISARM: &[&str] = &["--bounding-set=-all", "--inh-caps=-all"];
    let mut ways = Vec::new();
    if let Ok(unshare) = program("unshare", "util-linux") {
        let with = |words: &[&str]| {
            let words = words.iter().map(OsString::from);
            std::iter::once(unshare.clone().into_os_string()).chain(words).collect::<Vec<_>>()
        };
        let as_user = ["--user", "--map-current-user", "--net"];
        ways.extend([(with(&["--net"]), DISARM), (with(&as_user), DISARM)]);
        // Whoever is not root loses all capabilities at the next program: there are none to take away.
        ways.extend([(with(&as_user), &[][..]), (with(&["--net"]), &[])]);
    }
    ways.extend([(Vec::new(), DISARM), (Vec::new(), &[])]);
    let walls: &[bool] = if Walls::are_known() { &[true, false] } else { &[false] };
    let each = |(isolate, disarm): (Vec<OsString>, _)| walls.iter().map(move |walls| (isolate.clone(), disarm, *walls));
    ways.into_iter().flat_map(each).collect()
}

fn program(name: &'static str, package: &'static str) -> Result<PathBuf, MediaError> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .chain(USUAL.map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or(MediaError::ToolMissing { program: name, package })
}
