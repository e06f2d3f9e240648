//! `PostgreSQL`.

use std::{
    fs,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::process::Signal;

use crate::{
    error::{At, ServiceError},
    place::{Place, write_private},
    programs::need,
    server::{Kind, Serve, Server},
    spawn::{Life, Terms, User, command, give, privileges, run},
};

const PACKAGE: &str = "postgresql";
/// The superuser of the cluster.
const ROLE: &str = "stagemark";
/// `PostgreSQL` refuses to run as root.
const USER: User = User::InsteadOfRoot("postgres");

/// A private `PostgreSQL`, with its default durability.
///
/// ```no_run
/// # fn main() -> Result<(), stagemark_services::ServiceError> {
/// use stagemark_services::{Postgres, Shutdown};
///
/// let postgres = Postgres::temporary()?;
/// postgres.restart_by(Shutdown::Immediate)?;
/// assert_eq!(postgres.sql("show fsync")?, "on");
/// # Ok(()) }
/// ```
pub type Postgres = Server<PostgresKind>;

/// What [`Postgres`] is.
///
/// ```
/// use stagemark_services::{Kind, PostgresKind};
///
/// assert_eq!(PostgresKind::NAME, "postgres");
/// ```
#[derive(Debug)]
pub struct PostgresKind;

/// How `PostgreSQL` goes down.
///
/// ```
/// use stagemark_services::Shutdown;
///
/// assert_ne!(Shutdown::Fast, Shutdown::Immediate);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Transactions are rolled back, and all is written.
    Fast,
    /// At once: the next start recovers by the write-ahead log.
    Immediate,
}

impl Server<PostgresKind> {
    /// Goes down in this way, and comes back.
    pub fn restart_by(&self, shutdown: Shutdown) -> Result<(), ServiceError> {
        self.stop_by(match shutdown {
            Shutdown::Fast => Signal::INT,
            Shutdown::Immediate => Signal::QUIT,
        })?;
        self.start_again()
    }

    /// Runs SQL as the superuser, by `psql`; gives the rows, a line each.
    pub fn sql(&self, sql: &str) -> Result<String, ServiceError> {
        let mut psql = Command::new(need("psql", "postgresql-client")?);
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.args(["--host=127.0.0.1", "--dbname=postgres", "--username", ROLE, "--command", sql]);
        psql.arg(format!("--port={}", self.address().port())).env("PGPASSWORD", self.place().secret().reveal());
        Ok(run(&mut psql, "running SQL")?.trim_end().to_owned())
    }

    /// Makes an empty database, and gives its URL.
    pub fn new_database(&self) -> Result<String, ServiceError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("create database {name}"))?;
        Ok(url(self.place(), &name))
    }
}

impl Kind for PostgresKind {
    const NAME: &'static str = "postgres";
}

impl Serve for PostgresKind {
    const PORTS: usize = 1;
    const STOP: Signal = Signal::INT;
    // After a kill it would leave a piece of shared memory behind.
    const DEATH: (Signal, &'static str) = (Signal::QUIT, "QUIT");

    fn prepare(place: &Place) -> Result<(), ServiceError> {
        let data = place.file("data");
        if data.exists() {
            return Ok(());
        }
        // Under another name until it is whole: what is half made cannot be used, nor made whole.
        let (partial, password) = (place.file("data.partial"), place.file("initdb-password"));
        if partial.exists() {
            fs::remove_dir_all(&partial).at("removing", &partial)?;
        }
        fs::create_dir(&partial).at("making the folder", &partial)?;
        write_private(&password, place.secret().reveal())?;
        give(USER, &[&partial, &password])?;
        let mut initdb = Command::new(need("setpriv", "util-linux")?);
        initdb.args(privileges(USER, place.folder())).arg("--").arg(need("initdb", PACKAGE)?);
        initdb.args(["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--username", ROLE]);
        initdb.arg("--pgdata").arg(&partial).arg("--pwfile").arg(&password).current_dir(place.folder());
        let made = run(&mut initdb, "making a database cluster");
        fs::remove_file(&password).at("removing", &password)?;
        made?;
        fs::rename(&partial, &data).at("moving", &partial)
    }

    fn command(place: &Place, life: Life) -> Result<Command, ServiceError> {
        let terms = Terms { life, user: USER, death: Self::DEATH.1 };
        let mut postgres = command(&need("postgres", PACKAGE)?, terms, place.folder())?;
        postgres.arg("-D").arg(place.file("data")).arg("-p").arg(place.port(0).to_string());
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"] {
            postgres.args(["-c", setting]);
        }
        Ok(postgres)
    }

    fn is_ready(place: &Place, id: u32) -> bool {
        let Ok(text) = fs::read_to_string(place.file("data/postmaster.pid")) else { return false };
        let mut lines = text.lines();
        lines.next() == Some(id.to_string().as_str()) && lines.last().is_some_and(|status| status.trim() == "ready")
    }

    fn url(place: &Place) -> String {
        url(place, "postgres")
    }

    fn version() -> Result<String, ServiceError> {
        run(Command::new(need("postgres", PACKAGE)?).arg("--version"), "asking PostgreSQL for its version")
    }
}

fn url(place: &Place, database: &str) -> String {
    format!("postgres://{ROLE}:{}@{}/{database}", place.secret().reveal(), place.address())
}
