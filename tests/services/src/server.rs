//! A server of its own: its start, its stop, and the harm that tests do to it.

use std::{
    fmt,
    fs::{self, File},
    marker::PhantomData,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    S3Kind,
    error::{At, ServiceError},
    folder::Temporary,
    place::{Place, write_private},
    process::{Pause, Process, signal_all, wait_until},
    spawn::{Life, spawn},
};

/// How long a server may take to be ready: on a busy machine `RabbitMQ` takes half of it.
const START_MAX: Duration = Duration::from_secs(90);
const STOP_MAX: Duration = Duration::from_mins(1);
/// How long what a server started may outlive it.
const ORPHANS_MAX: Duration = Duration::from_secs(10);
/// How often a start is tried with other ports, where another program took one.
const TRIES: u32 = 3;
const PID: &str = "pid";

/// What a server is: one of [`PostgresKind`](crate::PostgresKind), [`RedisKind`](crate::RedisKind),
/// [`RabbitMqKind`](crate::RabbitMqKind), [`S3Kind`] and [`FrontKind`](crate::FrontKind).
///
/// ```
/// use stagemark_services::{Kind, PostgresKind};
///
/// assert_eq!(PostgresKind::NAME, "postgres");
/// ```
#[expect(private_bounds, reason = "sealed: how a server is started is no one else's business")]
pub trait Kind: Serve {
    /// Its name, also that of its folder.
    const NAME: &'static str;
}

/// How a server is made ready, started and asked.
pub(crate) trait Serve: fmt::Debug + Send + Sync + Sized + 'static {
    const PORTS: usize;
    /// What ends it in good order.
    const STOP: Signal;
    /// What ends it at once, leaving nothing.
    const DEATH: (Signal, &'static str) = (Signal::KILL, "KILL");

    /// Makes its files and its data, where they are not there yet.
    fn prepare(place: &Place) -> Result<(), ServiceError>;
    /// What must run beside it.
    fn companion(_place: &Place, _life: Life) -> Result<Option<Command>, ServiceError> {
        Ok(None)
    }
    fn command(place: &Place, life: Life) -> Result<Command, ServiceError>;
    /// Whether the server, which has this process id, serves clients.
    fn is_ready(place: &Place, id: u32) -> bool;
    fn url(place: &Place) -> String;
    /// What says the version of its program.
    fn version() -> Result<String, ServiceError>;
    /// Removes what it left outside its folder.
    fn tidy(_place: &Place) {}
}

/// A private server, on 127.0.0.1, in a folder of its own.
///
/// It ends when it is dropped, and with this process, however that ends; one that was brought [`up`](Self::up) stays.
/// See the [crate] for examples.
pub struct Server<K: Kind> {
    place: Place,
    life: Life,
    running: Mutex<Running>,
    kind: PhantomData<K>,
    _temporary: Option<Temporary>,
}

#[derive(Default)]
struct Running {
    main: Option<Process>,
    companion: Option<Process>,
    /// Those that we started, to be waited for.
    children: Vec<Child>,
    pause: Option<Pause>,
}

impl<K: Kind> Server<K> {
    /// Starts one below this folder, in which it keeps its data; it ends with this process.
    pub fn start(folder: &Path) -> Result<Self, ServiceError> {
        Self::begin(&folder.join(K::NAME), Life::WithThisProcess, None)
    }

    /// Starts one in a folder that goes when it ends.
    pub fn temporary() -> Result<Self, ServiceError> {
        Self::within(Temporary::new(S3Kind::tidy_below)?)
    }

    /// Starts one in this folder.
    pub(crate) fn within(temporary: Temporary) -> Result<Self, ServiceError> {
        Self::begin(&temporary.path.join(K::NAME), Life::WithThisProcess, Some(temporary))
    }

    /// Starts one below this folder unless it runs; it outlives this process.
    pub fn up(folder: &Path) -> Result<Self, ServiceError> {
        let Some(server) = Self::running_in(folder) else {
            return Self::begin(&folder.join(K::NAME), Life::OfItsOwn, None);
        };
        if wait_until(START_MAX, || server.is_ready()) {
            return Ok(server);
        }
        Err(server.not_ready(format!("it runs, but did not serve for {START_MAX:?}")))
    }

    /// The one below this folder that was brought up, if it runs.
    pub fn running_in(folder: &Path) -> Option<Self> {
        let place = Place::find(&folder.join(K::NAME), K::PORTS)?;
        let lines = fs::read_to_string(place.file(PID)).ok()?;
        let mut processes = lines.lines().map(Process::from_line);
        let main = processes.next()??;
        let running = Running { main: Some(main), companion: processes.next().flatten(), ..Running::default() };
        Some(Self::new(place, Life::OfItsOwn, running, None))
    }

    /// The URL of the one below this folder, whether or not it runs, if there ever was one.
    pub fn url_in(folder: &Path) -> Option<String> {
        Place::find(&folder.join(K::NAME), K::PORTS).map(|place| K::url(&place))
    }

    fn new(place: Place, life: Life, running: Running, temporary: Option<Temporary>) -> Self {
        Self { place, life, running: Mutex::new(running), kind: PhantomData, _temporary: temporary }
    }

    fn begin(folder: &Path, life: Life, temporary: Option<Temporary>) -> Result<Self, ServiceError> {
        let mut server = Self::new(Place::claim(folder, K::PORTS)?, life, Running::default(), temporary);
        for _ in 1..TRIES {
            K::prepare(&server.place)?;
            match server.start_again() {
                // It has ended; if its ports are taken, another program was faster.
                Err(ServiceError::NotReady { .. }) if server.place.is_taken() => {
                    server.place = Place::claim(folder, K::PORTS)?;
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(server),
            }
        }
        K::prepare(&server.place)?;
        server.start_again().map(|()| server)
    }

    /// Starts it again after it was stopped or killed, with the data it had, where it was. It may run already.
    pub fn start_again(&self) -> Result<(), ServiceError> {
        let mut running = self.running();
        running.pause = None;
        if running.main.is_some_and(Process::is_alive) {
            return Ok(());
        }
        if !running.companion.is_some_and(Process::is_alive) {
            running.companion = match K::companion(&self.place, self.life)? {
                Some(command) => Some(self.launch(command, &mut running)?),
                None => None,
            };
        }
        let main = self.launch(K::command(&self.place, self.life)?, &mut running)?;
        running.main = Some(main);
        if self.life == Life::OfItsOwn {
            let lines = [running.main, running.companion].into_iter().flatten().map(Process::to_line);
            write_private(&self.place.file(PID), &lines.collect::<String>())?;
        }
        wait_until(START_MAX, || !main.is_alive() || K::is_ready(&self.place, main.id));
        if main.is_alive() && K::is_ready(&self.place, main.id) {
            return Ok(());
        }
        let why = if main.is_alive() { format!("it took longer than {START_MAX:?}") } else { "it ended".to_owned() };
        running.end(Signal::KILL);
        running.end_companion();
        Err(self.not_ready(why))
    }

    /// Starts a process that adds to the log.
    fn launch(&self, mut command: Command, running: &mut Running) -> Result<Process, ServiceError> {
        let path = self.place.log();
        let log = File::options().create(true).append(true).open(&path).at("opening the log", &path)?;
        let errors = log.try_clone().at("opening the log", &path)?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let child = spawn(command).map_err(|error| ServiceError::command("starting a server", &error))?;
        let process = Process::of(child.id());
        running.children.push(child);
        process.ok_or_else(|| self.not_ready("it ended at once".to_owned()))
    }

    fn not_ready(&self, why: String) -> ServiceError {
        let log = self.place.log();
        let text = fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n");
        ServiceError::NotReady { service: K::NAME, why, log, tail }
    }

    /// Stops it in good order.
    pub fn stop(&self) -> Result<(), ServiceError> {
        self.stop_by(K::STOP)
    }

    pub(crate) fn stop_by(&self, signal: Signal) -> Result<(), ServiceError> {
        let mut running = self.running();
        running.pause = None;
        let in_order = running.end(signal);
        running.end_companion();
        K::tidy(&self.place);
        if in_order {
            return Ok(());
        }
        Err(ServiceError::command("stopping a server", &format!("{} was killed after {STOP_MAX:?}", K::NAME)))
    }

    /// Kills it, as `kill -9` does, and waits until what it had started has ended too.
    pub fn kill(&self) -> Result<(), ServiceError> {
        let mut running = self.running();
        running.end(Signal::KILL);
        running.pause = None;
        Ok(())
    }

    /// Stops it in good order and starts it again.
    pub fn restart(&self) -> Result<(), ServiceError> {
        self.stop()?;
        self.start_again()
    }

    /// Pauses it and all that it has started, until it is resumed, killed, stopped or dropped, or this process ends.
    pub fn pause(&self) -> Result<(), ServiceError> {
        let mut running = self.running();
        if let (None, Some(main)) = (&running.pause, running.main) {
            running.pause = Some(Pause::of(main.family())?);
        }
        Ok(())
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.running().pause = None;
    }

    /// The URL for clients, with its credentials.
    pub fn url(&self) -> String {
        K::url(&self.place)
    }

    /// Where it lives.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.place.address()
    }

    /// The id of its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.running().main.filter(|main| main.is_alive()).map(|main| main.id)
    }

    /// Whether it serves clients.
    pub fn is_ready(&self) -> bool {
        self.pid().is_some_and(|id| K::is_ready(&self.place, id))
    }

    /// The version of the program that is installed.
    pub fn version() -> Result<String, ServiceError> {
        let said = K::version()?;
        let words = said.split(|c: char| c.is_whitespace() || matches!(c, '=' | '-' | '/'));
        let is_version = |word: &&str| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.');
        Ok(words.into_iter().find(is_version).unwrap_or("unknown").to_owned())
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Ends the server by a signal, and what it started; whether that was enough.
    fn end(&mut self, signal: Signal) -> bool {
        let Some(main) = self.main.take() else { return true };
        let family = main.family();
        main.signal(signal);
        let in_order = wait_until(STOP_MAX, || !main.is_alive());
        main.signal(Signal::KILL);
        // A paused one cannot see that its parent has ended.
        signal_all(&family, Signal::CONT);
        if !wait_until(ORPHANS_MAX, || !family.iter().any(|process| process.is_alive())) {
            signal_all(&family, Signal::KILL);
            wait_until(ORPHANS_MAX, || !family.iter().any(|process| process.is_alive()));
        }
        self.reap();
        in_order
    }

    fn end_companion(&mut self) {
        if let Some(companion) = self.companion.take() {
            companion.signal(Signal::KILL);
            wait_until(ORPHANS_MAX, || !companion.is_alive());
            self.reap();
        }
    }

    fn reap(&mut self) {
        self.children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }
}

impl<K: Kind> Drop for Server<K> {
    fn drop(&mut self) {
        let mut running = self.running();
        running.pause = None;
        if self.life == Life::WithThisProcess {
            running.end(K::DEATH.0);
            running.end_companion();
            K::tidy(&self.place);
        }
    }
}

impl<K: Kind> fmt::Debug for Server<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("kind", &K::NAME).field("place", &self.place).finish_non_exhaustive()
    }
}
