//! The front: nginx, with the configuration that is deployed.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
};

use rustix::process::Signal;

use crate::{
    Pair, S3Kind, Site,
    error::{At, ServiceError},
    folder::Temporary,
    page::is_served,
    place::{Place, write_private},
    programs::need,
    server::{Kind, Serve, Server},
    site::settled,
    spawn::{Life, Terms, User, command, give, run},
};

const PACKAGE: &str = "nginx";
/// A user whose group has the same name, and who owns nothing.
const USER: User = User::InsteadOfRoot("www-data");
/// What it serves, but for where it lives.
const SITE: &str = "site.conf";
const CONFIGURATION: &str = "nginx.conf";

/// A private front: nginx on `https://localhost`, as it is deployed, but on free ports and with few limits.
///
/// It is started by [`serving`](Self::serving), [`start_serving`](Self::start_serving) or
/// [`up_serving`](Self::up_serving): by other ways only where it was before.
///
/// ```no_run
/// # fn main() -> Result<(), stagemark_services::ServiceError> {
/// use std::path::Path;
/// use stagemark_services::{Front, Pair, Site};
///
/// let site = Site::new("web/dist", Pair::within(Path::new("tls"))).api(([127, 0, 0, 1], 8081).into());
/// let front = Front::serving(&site)?;
/// assert!(front.url().starts_with("https://localhost:"));
/// # Ok(()) }
/// ```
pub type Front = Server<FrontKind>;

/// What [`Front`] is.
///
/// ```
/// use stagemark_services::{FrontKind, Kind};
///
/// assert_eq!(FrontKind::NAME, "front");
/// ```
#[derive(Debug)]
pub struct FrontKind;

impl Server<FrontKind> {
    /// Starts one that serves this, in a folder that goes when it ends.
    pub fn serving(site: &Site) -> Result<Self, ServiceError> {
        let temporary = Temporary::new(S3Kind::tidy_below)?;
        keep(site, &temporary.path)?;
        Self::within(temporary)?.at_port_of(site)
    }

    /// Starts one below this folder, which ends with this process.
    pub fn start_serving(folder: &Path, site: &Site) -> Result<Self, ServiceError> {
        keep(site, folder)?;
        Self::start(folder)?.at_port_of(site)
    }

    /// Starts one below this folder unless it runs, which serves this from now on; it outlives this process.
    pub fn up_serving(folder: &Path, site: &Site) -> Result<Self, ServiceError> {
        if let Some(front) = Self::running_in(folder) {
            front.stop()?;
        }
        keep(site, folder)?;
        Self::up(folder)?.at_port_of(site)
    }

    /// Whoever was faster has the port that was asked for: then there is no front.
    fn at_port_of(self, site: &Site) -> Result<Self, ServiceError> {
        match site.port {
            Some(port) if port != self.address().port() => {
                self.stop()?;
                let said = format!("another process has come to listen at 127.0.0.1:{port}");
                Err(ServiceError::command("taking the port that was asked for", &said))
            }
            _ => Ok(self),
        }
    }

    /// Where plain HTTP is answered.
    pub fn plain_url(&self) -> String {
        format!("http://localhost:{}", self.place().port(1))
    }

    /// What was asked of it, an object of JSON a line.
    pub fn requests(&self) -> Result<String, ServiceError> {
        let log = self.place().file("run/access.log");
        fs::read_to_string(&log).at("reading", &log)
    }
}

/// Puts down below a folder what a front in it is to serve.
fn keep(site: &Site, folder: &Path) -> Result<(), ServiceError> {
    let folder = folder.join(FrontKind::NAME);
    fs::create_dir_all(&folder).at("making the folder", &folder)?;
    write_private(&folder.join(SITE), &site.configuration()?)?;
    if let Some(port) = site.port {
        Place::ask_for(&folder, port, FrontKind::PORTS)?;
    }
    let (theirs, ours) = (&site.pair, Pair::within(&folder));
    for (from, to) in [(&theirs.certificate, &ours.certificate), (&theirs.key, &ours.key)] {
        write_private(to, &fs::read_to_string(from).at("reading", from)?)?;
    }
    Ok(())
}

impl Kind for FrontKind {
    const NAME: &'static str = "front";
}

impl Serve for FrontKind {
    /// For HTTPS, and for HTTP.
    const PORTS: usize = 2;
    /// At once: event streams have no end to wait for.
    const STOP: Signal = Signal::TERM;
    // After a kill its workers would stay.
    const DEATH: (Signal, &'static str) = (Signal::TERM, "TERM");

    fn prepare(place: &Place) -> Result<(), ServiceError> {
        let site = place.file(SITE);
        let site = fs::read_to_string(&site).at("reading what the front serves from", &site)?;
        let configuration = place.file(CONFIGURATION);
        write_private(&configuration, &settled(&site, place)?)?;
        let (run, log, acme) = (place.file("run"), place.file("run/access.log"), place.file("acme"));
        for folder in [&run, &acme] {
            fs::create_dir_all(folder).at("making the folder", folder)?;
        }
        File::options().create(true).append(true).open(&log).at("making", &log)?;
        let pair = Pair::within(place.folder());
        give(USER, &[&configuration, &run, &log, &pair.certificate, &pair.key])
    }

    fn command(place: &Place, life: Life) -> Result<Command, ServiceError> {
        let terms = Terms { life, user: USER, death: Self::DEATH.1 };
        let mut nginx = command(&need("nginx", PACKAGE)?, terms, place.folder())?;
        nginx.args(["-e", "stderr", "-p"]).arg(place.file("run")).arg("-c").arg(place.file(CONFIGURATION));
        nginx.args(["-g", "daemon off;"]);
        Ok(nginx)
    }

    fn is_ready(place: &Place, _id: u32) -> bool {
        is_served(place.port(1), "/livez")
    }

    fn url(place: &Place) -> String {
        format!("https://localhost:{}", place.port(0))
    }

    fn version() -> Result<String, ServiceError> {
        // It says so among its errors.
        let mut nginx = Command::new("sh");
        nginx.args(["-c", "\"$0\" -v 2>&1"]).arg(need("nginx", PACKAGE)?);
        run(&mut nginx, "asking nginx for its version")
    }
}
