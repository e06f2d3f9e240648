//! Redis.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    error::ServiceError,
    place::{Place, write_private},
    programs::need,
    server::{Kind, Serve, Server},
    spawn::{Life, Terms, User, command, run},
};

const PACKAGE: &str = "redis-server";
const ANSWER_MAX: Duration = Duration::from_secs(1);

/// A private Redis, which keeps what it is told in an append-only file.
///
/// ```no_run
/// # fn main() -> Result<(), stagemark_services::ServiceError> {
/// let redis = stagemark_services::Redis::temporary()?;
/// redis.flush()?;
/// redis.pause()?;
/// redis.resume();
/// # Ok(()) }
/// ```
pub type Redis = Server<RedisKind>;

/// What [`Redis`] is.
///
/// ```
/// use stagemark_services::{Kind, RedisKind};
///
/// assert_eq!(RedisKind::NAME, "redis");
/// ```
#[derive(Debug)]
pub struct RedisKind;

impl Server<RedisKind> {
    /// Removes all that it keeps.
    pub fn flush(&self) -> Result<(), ServiceError> {
        if ask(self.place(), "FLUSHALL", "+OK\r\n+OK\r\n") {
            return Ok(());
        }
        Err(ServiceError::command("flushing Redis", "it did not answer OK"))
    }
}

impl Kind for RedisKind {
    const NAME: &'static str = "redis";
}

impl Serve for RedisKind {
    const PORTS: usize = 1;
    const STOP: Signal = Signal::TERM;

    fn prepare(place: &Place) -> Result<(), ServiceError> {
        let settings = [
            "bind 127.0.0.1".to_owned(),
            format!("port {}", place.port(0)),
            format!("requirepass {}", place.secret().reveal()),
            "appendonly yes".to_owned(),
            "daemonize no".to_owned(),
            // From memory that is full of others' work a snapshot would fail, and then every write.
            "save \"\"".to_owned(),
        ];
        write_private(&place.file("redis.conf"), &settings.map(|line| line + "\n").concat())
    }

    fn command(place: &Place, life: Life) -> Result<Command, ServiceError> {
        let terms = Terms { life, user: User::This, death: Self::DEATH.1 };
        let mut redis = command(&need("redis-server", PACKAGE)?, terms, place.folder())?;
        redis.arg(place.file("redis.conf"));
        Ok(redis)
    }

    fn is_ready(place: &Place, _id: u32) -> bool {
        ask(place, "PING", "+OK\r\n+PONG\r\n")
    }

    fn url(place: &Place) -> String {
        format!("redis://:{}@{}", place.secret().reveal(), place.address())
    }

    fn version() -> Result<String, ServiceError> {
        run(Command::new(need("redis-server", PACKAGE)?).arg("--version"), "asking Redis for its version")
    }
}

/// Logs in and sends a command; whether the answers to both are these.
fn ask(place: &Place, order: &str, expected: &str) -> bool {
    let answer = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&place.address(), ANSWER_MAX)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        write!(stream, "AUTH {}\r\n{order}\r\n", place.secret().reveal())?;
        let mut answer = vec![0; expected.len()];
        stream.read_exact(&mut answer)?;
        Ok(answer == expected.as_bytes())
    };
    answer().unwrap_or(false)
}
