//! `cargo xtask services`: private servers, in a folder of their own, that stay until they are told to end.

use std::{
    env,
    ffi::OsString,
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    thread,
};

use stagemark_services::{
    Kind, Postgres, PostgresKind, RabbitMq, RabbitMqKind, Redis, RedisKind, S3, S3Kind, Server, ServiceError,
};

use crate::{need::Need, provide, root};

const USAGE: &str = "Usage: cargo xtask services up|down|status [--dir DIR]";
/// Lines for a shell: `set -a; . stagemark-services/env`.
const ENV: &str = "env";

/// Variables of the environment.
type Variables = Vec<(&'static str, String)>;

/// One of the servers.
struct Part {
    name: &'static str,
    /// Named by these variables a server is elsewhere, and none is started; the first is its URL.
    variables: &'static [&'static str],
    needs: &'static [Need],
    up: fn(&Path) -> Result<Variables, ServiceError>,
    down: fn(&Path) -> Result<bool, ServiceError>,
    seen: fn(&Path) -> Option<Seen>,
    url: fn(&Path) -> Option<String>,
    version: fn() -> Result<String, ServiceError>,
}

/// What is seen of a server that runs.
struct Seen {
    is_ready: bool,
    address: String,
    pid: String,
}

impl Part {
    const fn of<K: Kind>(
        variables: &'static [&'static str],
        needs: &'static [Need],
        up: fn(&Path) -> Result<Variables, ServiceError>,
    ) -> Self {
        let (url, version) = (Server::<K>::url_in, Server::<K>::version);
        Self { name: K::NAME, variables, needs, up, down: down::<K>, seen: seen::<K>, url, version }
    }

    /// What the environment says of one that is not ours.
    fn elsewhere(&self, dir: &Path) -> Option<Variables> {
        let url = env::var(self.variables[0]).ok().filter(|url| !url.is_empty())?;
        // That of an earlier `up` is in the environment of whoever works with it.
        if (self.url)(dir).as_ref() == Some(&url) {
            return None;
        }
        Some(self.variables.iter().filter_map(|name| Some((*name, env::var(name).ok()?))).collect())
    }
}

const PARTS: [Part; 4] = [
    Part::of::<PostgresKind>(&["DATABASE_URL"], &[Need::SETSID, Need::POSTGRES], |dir| {
        Ok(vec![("DATABASE_URL", Postgres::up(dir)?.url())])
    }),
    Part::of::<RabbitMqKind>(&["AMQP_URL"], &[Need::SETSID, Need::RABBITMQ], |dir| {
        Ok(vec![("AMQP_URL", RabbitMq::up(dir)?.url())])
    }),
    Part::of::<RedisKind>(&["REDIS_URL"], &[Need::SETSID, Need::REDIS], |dir| {
        Ok(vec![("REDIS_URL", Redis::up(dir)?.url())])
    }),
    Part::of::<S3Kind>(
        &["S3_ENDPOINT", "S3_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        &[Need::SETSID, Need::PYTHON],
        |dir| {
            let access = S3::up(dir)?.access();
            let secret = access.secret_access_key.reveal().to_owned();
            let values = [access.endpoint, access.bucket, access.access_key_id, secret];
            Ok(PARTS[3].variables.iter().copied().zip(values).collect())
        },
    ),
];

/// All that the servers need from the system.
pub(crate) fn needs() -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for need in PARTS.iter().flat_map(|part| part.needs) {
        if !needs.contains(need) {
            needs.push(*need);
        }
    }
    needs
}

/// Does what the arguments say.
pub(crate) fn run(arguments: &[OsString]) -> Result<(), String> {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let (order, dir) = match words[..] {
        [order] => (order, root().join("stagemark-services")),
        [order, "--dir", dir] | ["--dir", dir, order] => (order, PathBuf::from(dir)),
        _ => return Err(USAGE.to_owned()),
    };
    match order {
        "up" => up(&dir).map(|variables| print!("{}", lines(&variables))),
        "down" => all_down(&dir),
        "status" => {
            print!("{}", table(&dir));
            Ok(())
        }
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(format!("services knows no {order}\n\n{USAGE}")),
    }
}

/// Starts what does not run, and tells how clients find it all; the same is kept in the folder.
pub(crate) fn up(dir: &Path) -> Result<Variables, String> {
    let _held = hold(dir)?;
    let elsewhere: Vec<_> = PARTS.iter().map(|part| part.elsewhere(dir)).collect();
    let ours = || PARTS.iter().zip(&elsewhere).filter(|(_, elsewhere)| elsewhere.is_none()).map(|(part, _)| part);
    provide::all(&needs().into_iter().filter(|need| ours().any(|part| part.needs.contains(need))).collect::<Vec<_>>())?;
    // Each takes seconds, and mostly waits.
    let started = thread::scope(|scope| {
        let starts: Vec<_> = ours().map(|part| scope.spawn(|| (part.up)(dir))).collect();
        starts.into_iter().map(|start| start.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let started: Vec<Result<Variables, ServiceError>> = started;
    let mut started = started.into_iter();
    let mut variables = Vec::new();
    for elsewhere in elsewhere {
        match elsewhere {
            Some(values) => variables.extend(values),
            None => variables.extend(started.next().transpose().map_err(|error| told(&error))?.unwrap_or_default()),
        }
    }
    let path = dir.join(ENV);
    keep(&path, &lines(&variables)).map_err(|error| format!("{} could not be written: {error}", path.display()))?;
    Ok(variables)
}

fn all_down(dir: &Path) -> Result<(), String> {
    if !dir.is_dir() {
        println!("nothing runs in {}", dir.display());
        return Ok(());
    }
    let _held = hold(dir)?;
    for part in &PARTS {
        let stopped = (part.down)(dir).map_err(|error| told(&error))?;
        println!("{} {}", part.name, if stopped { "is stopped" } else { "did not run" });
    }
    Ok(())
}

fn down<K: Kind>(dir: &Path) -> Result<bool, ServiceError> {
    Server::<K>::running_in(dir).map_or(Ok(false), |server| server.stop().map(|()| true))
}

fn seen<K: Kind>(dir: &Path) -> Option<Seen> {
    let server = Server::<K>::running_in(dir)?;
    let pid = server.pid().map_or_else(String::new, |id| id.to_string());
    Some(Seen { is_ready: server.is_ready(), address: server.address().to_string(), pid })
}

/// What runs, a line each.
fn table(dir: &Path) -> String {
    let mut text = String::new();
    let mut row = |cells: [&str; 5]| {
        let [service, state, address, pid, version] = cells;
        let line = format!("{service:<10} {state:<11} {address:<24} {pid:<9} {version}");
        // Writing to a string does not fail.
        let _written = writeln!(text, "{}", line.trim_end());
    };
    row(["service", "state", "address", "pid", "version"]);
    for part in &PARTS {
        if let Some(elsewhere) = part.elsewhere(dir) {
            let address = elsewhere.first().map_or("", |(_, url)| without_credentials(url));
            row([part.name, "elsewhere", address, "", ""]);
            continue;
        }
        let version = (part.version)().unwrap_or_else(|_| "not installed".to_owned());
        match (part.seen)(dir) {
            Some(seen) => {
                let state = if seen.is_ready { "ready" } else { "not ready" };
                row([part.name, state, &seen.address, &seen.pid, &version]);
            }
            None => row([part.name, "stopped", "", "", &version]),
        }
    }
    text
}

/// Where a URL leads to: its host and port.
fn without_credentials(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Makes the folder, and keeps others from changing what runs in it meanwhile.
fn hold(dir: &Path) -> Result<File, String> {
    let lock = dir.join("lock");
    let held = fs::create_dir_all(dir).and_then(|()| {
        let file = File::options().create(true).truncate(false).write(true).open(&lock)?;
        file.lock().map(|()| file)
    });
    held.map_err(|error| format!("{} cannot be used: {error}", lock.display()))
}

fn lines(variables: &Variables) -> String {
    variables.iter().map(|(name, value)| assignment(name, value) + "\n").collect()
}

/// A line that a shell takes as it is meant.
fn assignment(name: &str, value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    if value.chars().all(is_plain) {
        format!("{name}={value}")
    } else {
        format!("{name}='{}'", value.replace('\'', r"'\''"))
    }
}

/// Writes a file with passwords in it.
fn keep(path: &Path, text: &str) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    if partial.exists() {
        fs::remove_file(&partial)?;
    }
    File::options().write(true).create_new(true).mode(0o600).open(&partial)?.write_all(text.as_bytes())?;
    fs::rename(partial, path)
}

/// An error with all its causes.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, shown) in [
            ("postgres://me:pass@db.example:5432/runs?ssl=on", "db.example:5432"),
            ("redis://:p@ss@127.0.0.1:6379", "127.0.0.1:6379"),
            ("http://127.0.0.1:8333", "127.0.0.1:8333"),
            ("amqp://host/%2f", "host"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }

    #[test]
    fn a_shell_reads_what_was_written() {
        for value in ["plain", "amqp://a:b@c:1/%2f", "it's $HOME `x` \"y\" & more", ""] {
            let script = format!("{}\nprintf %s \"$X\"", assignment("X", value));
            let said = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();

            assert_eq!(String::from_utf8(said.stdout).unwrap(), value);
        }
    }

    #[test]
    fn what_has_no_folder_is_stopped() {
        let table = table(Path::new("/nonexistent"));

        assert!(table.lines().skip(1).all(|line| line.contains("stopped") || line.contains("elsewhere")), "{table}");
    }

    #[test]
    fn each_need_is_named_once() {
        let needs = needs();

        assert!(needs.iter().enumerate().all(|(at, need)| !needs[..at].contains(need)), "{needs:?}");
    }
}
