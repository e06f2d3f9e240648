//! A closed loop, by wrk: so many connections, each of which asks again once it was answered.

use std::{error::Error, fs, path::Path, time::Duration};

use serde::Deserialize;
use tokio::process::Command;

const REPORT: &str = include_str!("../scripts/report.lua");
const EVENTS: &str = include_str!("../scripts/events.lua");
/// Longer than any answer takes: one that is slower is an error.
const ANSWER: &str = "30s";

/// What a closed loop saw.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Closed {
    pub(crate) requests: u64,
    us: u64,
    p50_us: u64,
    p99_us: u64,
    most_us: u64,
    /// Answers that are errors.
    refused: u64,
    /// Requests without an answer.
    broken: u64,
    /// What the answers say was accepted.
    pub(crate) accepted: u64,
}

impl Closed {
    /// Answers a second.
    pub(crate) fn per_s(&self) -> f64 {
        self.requests as f64 / Duration::from_micros(self.us).as_secs_f64()
    }

    pub(crate) fn p50(&self) -> Duration {
        Duration::from_micros(self.p50_us)
    }

    pub(crate) fn p99(&self) -> Duration {
        Duration::from_micros(self.p99_us)
    }

    pub(crate) fn most(&self) -> Duration {
        Duration::from_micros(self.most_us)
    }

    /// What was no answer, or a bad one.
    pub(crate) fn errors(&self) -> u64 {
        self.refused + self.broken
    }
}

/// Asks for this URL for some time.
pub(crate) async fn read(folder: &Path, url: &str, load: Load) -> Result<Closed, Box<dyn Error>> {
    run(folder, ("read.lua", REPORT), load, (url, &[])).await
}

/// Sends batches of twenty events on these videos, a file with an id a line.
pub(crate) async fn send(folder: &Path, url: &str, load: Load, videos: &Path) -> Result<Closed, Box<dyn Error>> {
    let (script, number) = ([EVENTS, REPORT].concat(), rand::random_range(0..1_u64 << 40).to_string());
    run(folder, ("events.lua", &script), load, (url, &[&videos.to_string_lossy(), &number])).await
}

/// How many connections, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) connections: u32,
    pub(crate) time: Duration,
}

async fn run(
    folder: &Path,
    (name, script): (&str, &str),
    load: Load,
    (url, arguments): (&str, &[&str]),
) -> Result<Closed, Box<dyn Error>> {
    let file = folder.join(name);
    fs::write(&file, script)?;
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", "1", "--latency", "--timeout", ANSWER]).arg("--script").arg(&file);
    wrk.args(["--connections", &load.connections.to_string(), "--duration", &format!("{}s", load.time.as_secs())]);
    let output = wrk.arg(url).arg("--").args(arguments).output();
    let output = output.await.map_err(|error| format!("wrk could not be started: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let report = said.lines().rev().find(|line| line.starts_with('{'));
    match report.map(serde_json::from_str) {
        Some(Ok(closed)) if output.status.success() => Ok(closed),
        _ => Err(format!("wrk ended with {}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read() {
        let line =
            r#"{"requests":300,"us":2000000,"p50_us":1,"p99_us":2,"most_us":3,"refused":4,"broken":5,"accepted":6}"#;

        let closed: Closed = serde_json::from_str(line).unwrap();

        assert_eq!((closed.per_s(), closed.errors()), (150.0, 9));
    }
}
