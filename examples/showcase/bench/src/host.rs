//! A host of the API, in a process of its own.

use std::{
    env,
    error::Error,
    fs::{self, File},
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    process::{Child, Command},
    time::sleep,
};

use crate::{process::Process, servers::Servers};

const PROGRAM: &str = "stagemark-contest-api";
/// How long a host may take to be there.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(50);
/// Whoever measures comes from one address, which is let in as often as it likes.
const LIMITS: [&str; 4] = [
    "CONTEST_SIGN_UP_BY_ADDRESS_A_MINUTE",
    "CONTEST_WRITE_BY_PLAYER_A_MINUTE",
    "CONTEST_EVENTS_BY_ADDRESS_A_MINUTE",
    "CONTEST_REFRESH_BY_ADDRESS_A_MINUTE",
];

/// A host, which is killed when it is dropped.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    child: Child,
    metrics: SocketAddr,
    log: PathBuf,
}

/// An address that nobody listens at. Whoever takes it meanwhile is told of by the host that cannot have it.
pub(crate) fn free() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

impl Host {
    /// Starts one on these servers, without limits on how often one address may ask.
    pub(crate) async fn start(servers: &Servers, name: &str) -> Result<Self, Box<dyn Error>> {
        let (address, metrics) = (free()?, free()?);
        let log = servers.folder().join(format!("{name}.log"));
        let output = File::create(&log)?;
        let mut command = Command::new(env::current_exe()?.with_file_name(PROGRAM));
        command.env_remove("AMQP_URL").env_remove("OTEL_EXPORTER_OTLP_ENDPOINT").envs(servers.variables());
        command.envs(LIMITS.map(|limit| (limit, "0")));
        command.env("CONTEST_API_LISTEN", address.to_string()).env("STAGEMARK_LISTEN", metrics.to_string());
        command.env("CONTEST_PUBLIC_ORIGIN", format!("http://{address}"));
        command.env("STAGEMARK_SCRATCH_FOLDER", servers.folder().join(format!("scratch-{name}")));
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        let child = command.spawn().map_err(|error| format!("{PROGRAM} could not be started: {error}"))?;
        let mut host = Self { address, child, metrics, log };
        host.is_ready().await?;
        Ok(host)
    }

    async fn is_ready(&mut self) -> Result<(), Box<dyn Error>> {
        let began = Instant::now();
        loop {
            if reqwest::get(self.url("/readyz")).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let ended = self.child.try_wait()?;
            if ended.is_some() || began.elapsed() > PATIENCE {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                return Err(format!("{PROGRAM} is not ready ({ended:?}). It said:\n{log}").into());
            }
            sleep(LOOK).await;
        }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its process.
    pub(crate) fn process(&self) -> Result<Process, Box<dyn Error>> {
        self.child.id().map(Process).ok_or_else(|| format!("{PROGRAM} has ended").into())
    }

    /// The sum of what a metric counts, of all lines with these words.
    pub(crate) async fn count(&self, metric: &str, words: &[&str]) -> Result<u64, Box<dyn Error>> {
        let page = reqwest::get(format!("http://{}/metrics", self.metrics)).await?.error_for_status()?.text().await?;
        Ok(sum(&page, metric, words))
    }

    /// Lets it finish what it does.
    pub(crate) async fn stop(mut self) -> Result<(), Box<dyn Error>> {
        if let Some(id) = self.child.id() {
            Command::new("kill").args(["-s", "TERM", &id.to_string()]).status().await?;
        }
        let ended = self.child.wait().await?;
        if ended.success() { Ok(()) } else { Err(format!("{PROGRAM} ended with {ended}").into()) }
    }
}

fn sum(page: &str, metric: &str, words: &[&str]) -> u64 {
    let lines = page.lines().filter(|line| line.split(['{', ' ']).next() == Some(metric));
    let wanted = lines.filter(|line| words.iter().all(|word| line.contains(word)));
    wanted.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_metric_counts_is_added_up() {
        let page = "# TYPE a counter\na{path=\"/x\",status=\"200\"} 3\na{path=\"/x\",status=\"503\"} 2\nab 7\na 1\n";

        assert_eq!(sum(page, "a", &[]), 6);
        assert_eq!(sum(page, "a", &["path=\"/x\"", "status=\"5"]), 2);
        assert_eq!(sum(page, "c", &[]), 0);
    }
}
