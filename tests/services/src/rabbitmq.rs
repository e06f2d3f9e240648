//! `RabbitMQ`, with an Erlang port mapper of its own.

use std::{
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    error::{At, ServiceError},
    place::{Place, write_private},
    programs::need,
    server::{Kind, Serve, Server},
    spawn::{Life, Terms, User, command, run},
};

const PACKAGE: &str = "rabbitmq-server";
const USER_NAME: &str = "stagemark";
/// Each has a port mapper of its own, so that the same name does not collide.
const NODE: &str = "stagemark@localhost";
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// What a client says first in AMQP 0-9-1.
const HELLO: [u8; 8] = *b"AMQP\x00\x00\x09\x01";

/// A private `RabbitMQ`.
///
/// ```no_run
/// # fn main() -> Result<(), stagemark_services::ServiceError> {
/// let rabbitmq = stagemark_services::RabbitMq::temporary()?;
/// rabbitmq.ctl(&["set_vm_memory_high_watermark", "0.0001"])?; // publishers are blocked
/// rabbitmq.ctl(&["set_vm_memory_high_watermark", "0.4"])?;
/// rabbitmq.wipe()?; // it comes back with nothing
/// # Ok(()) }
/// ```
pub type RabbitMq = Server<RabbitMqKind>;

/// What [`RabbitMq`] is.
///
/// ```
/// use stagemark_services::{Kind, RabbitMqKind};
///
/// assert_eq!(RabbitMqKind::NAME, "rabbitmq");
/// ```
#[derive(Debug)]
pub struct RabbitMqKind;

impl Server<RabbitMqKind> {
    /// Runs `rabbitmqctl` with these arguments; gives what it says.
    pub fn ctl(&self, arguments: &[&str]) -> Result<String, ServiceError> {
        let mut ctl = Command::new(need("rabbitmqctl", PACKAGE)?);
        ctl.arg("--quiet").args(arguments);
        settle(&mut ctl, self.place());
        run(&mut ctl, "running rabbitmqctl")
    }

    /// Kills it, removes all that it keeps, and starts it again.
    pub fn wipe(&self) -> Result<(), ServiceError> {
        self.kill()?;
        let data = self.place().file("mnesia");
        fs::remove_dir_all(&data).at("removing", &data)?;
        self.start_again()
    }
}

impl Kind for RabbitMqKind {
    const NAME: &'static str = "rabbitmq";
}

impl Serve for RabbitMqKind {
    /// For clients, for the tools, and of the port mapper.
    const PORTS: usize = 3;
    const STOP: Signal = Signal::TERM;

    fn prepare(place: &Place) -> Result<(), ServiceError> {
        let settings = [
            format!("listeners.tcp.1 = 127.0.0.1:{}", place.port(0)),
            format!("default_user = {USER_NAME}"),
            format!("default_pass = {}", place.secret().reveal()),
            "vm_memory_high_watermark.absolute = 1GiB".to_owned(),
            "disk_free_limit.absolute = 50MB".to_owned(),
        ];
        write_private(&place.file("rabbitmq.conf"), &settings.map(|line| line + "\n").concat())?;
        write_private(&place.file("enabled_plugins"), "[].\n")
    }

    fn companion(place: &Place, life: Life) -> Result<Option<Command>, ServiceError> {
        // In the foreground: one that the server started would outlive it.
        let terms = Terms { life, user: User::This, death: Self::DEATH.1 };
        let mut epmd = command(&need("epmd", "erlang-base")?, terms, place.folder())?;
        epmd.args(["-address", "127.0.0.1", "-port"]).arg(place.port(2).to_string());
        Ok(Some(epmd))
    }

    fn command(place: &Place, life: Life) -> Result<Command, ServiceError> {
        let terms = Terms { life, user: User::This, death: Self::DEATH.1 };
        let mut server = command(&need("rabbitmq-server", PACKAGE)?, terms, place.folder())?;
        settle(&mut server, place);
        Ok(server)
    }

    fn is_ready(place: &Place, _id: u32) -> bool {
        let greeting = || -> std::io::Result<bool> {
            let mut stream = TcpStream::connect_timeout(&place.address(), ANSWER_MAX)?;
            stream.set_read_timeout(Some(ANSWER_MAX))?;
            stream.write_all(&HELLO)?;
            // A method frame on channel 0, rather than the version that a server prefers.
            let mut start = [0; 3];
            stream.read_exact(&mut start)?;
            Ok(start == [1, 0, 0])
        };
        greeting().unwrap_or(false)
    }

    fn url(place: &Place) -> String {
        format!("amqp://{USER_NAME}:{}@{}/%2f", place.secret().reveal(), place.address())
    }

    fn version() -> Result<String, ServiceError> {
        // By the name of its folder: to be asked, it would start a port mapper that stays.
        let program = need("rabbitmqctl", PACKAGE)?;
        Ok(program.canonicalize().at("finding", &program)?.display().to_string())
    }
}

/// Tells the programs of `RabbitMQ` that they belong to this place, and to no other.
fn settle(command: &mut Command, place: &Place) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("RABBITMQ_") || name.starts_with("ERL_")) {
            command.env_remove(name);
        }
    }
    command.env("HOME", place.folder()).env("LANG", "C.UTF-8");
    command.env("ERL_EPMD_PORT", place.port(2).to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
    command.env("RABBITMQ_NODENAME", NODE).env("RABBITMQ_DIST_PORT", place.port(1).to_string());
    command.env("RABBITMQ_BASE", place.folder()).env("RABBITMQ_CONF_ENV_FILE", "/dev/null");
    command.env("RABBITMQ_CONFIG_FILE", place.file("rabbitmq")).env("RABBITMQ_MNESIA_BASE", place.file("mnesia"));
    command.env("RABBITMQ_ENABLED_PLUGINS_FILE", place.file("enabled_plugins"));
    command.env("RABBITMQ_LOGS", "-").env("RABBITMQ_LOG_BASE", place.folder());
    // It then becomes the Erlang machine, instead of a shell that waits for it; without input all the same.
    command.env("RABBITMQ_ALLOW_INPUT", "true");
    // Spinning while idle is for machines of its own.
    let erl = "-noinput -start_epmd false -kernel inet_dist_use_interface {127,0,0,1} \
               +sbwt none +sbwtdcpu none +sbwtdio none";
    command.env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", erl);
}
