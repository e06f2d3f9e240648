//! An open loop, by oha: so many requests a second, whatever becomes of those before.
//!
//! Latencies are from the moment when a request was to be sent, so that one that waits for a connection counts what it
//! waits.

use std::{collections::BTreeMap, error::Error, path::Path, time::Duration};

use serde::Deserialize;
use stagemark_services::OHA;
use tokio::process::Command;

const CONNECTIONS: &str = "256";
/// Longer than any answer takes: one that is slower is an error.
const ANSWER: &str = "30s";

/// What an open loop saw.
#[derive(Debug)]
pub(crate) struct Open {
    /// Answers a second, until the last one.
    pub(crate) answered_per_s: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) most: Duration,
    /// Requests without an answer, or with an answer that is an error.
    pub(crate) errors: u64,
}

/// What is asked, how often, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) url: &'a str,
    /// What is posted, a body a line, of which each request takes any.
    pub(crate) bodies: Option<&'a Path>,
    pub(crate) per_s: u64,
    pub(crate) time: Duration,
}

impl Asked<'_> {
    /// How many requests that makes.
    pub(crate) fn requests(&self) -> u64 {
        self.per_s * self.time.as_secs()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    summary: Summary,
    latency_percentiles: BTreeMap<String, Option<f64>>,
    status_code_distribution: BTreeMap<String, u64>,
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
struct Summary {
    /// Seconds.
    total: f64,
    slowest: Option<f64>,
}

/// Asks, and waits for all answers.
pub(crate) async fn run(asked: Asked<'_>) -> Result<Open, Box<dyn Error>> {
    let mut oha = Command::new(OHA.program());
    oha.args(["--no-tui", "--output-format", "json", "--latency-correction", "-c", CONNECTIONS, "-t", ANSWER]);
    oha.args(["-n", &asked.requests().to_string(), "-q", &asked.per_s.to_string()]);
    if let Some(bodies) = asked.bodies {
        oha.args(["-m", "POST", "-T", "application/json", "-Z"]).arg(bodies);
    }
    let output = oha.arg(asked.url).output().await.map_err(|error| format!("oha could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("oha ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(open(&serde_json::from_slice(&output.stdout)?))
}

fn open(report: &Report) -> Open {
    let seconds = |seconds: Option<f64>| Duration::try_from_secs_f64(seconds.unwrap_or_default()).unwrap_or_default();
    let at = |percentile| seconds(report.latency_percentiles.get(percentile).copied().flatten());
    let answers: u64 = report.status_code_distribution.values().sum();
    let good: u64 =
        report.status_code_distribution.iter().filter(|(code, _)| code.starts_with('2')).map(|(_, n)| n).sum();
    Open {
        answered_per_s: answers as f64 / report.summary.total,
        p50: at("p50"),
        p99: at("p99"),
        most: seconds(report.summary.slowest),
        errors: answers - good + report.error_distribution.values().sum::<u64>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_good_answer_is_an_error() {
        let report = r#"{
            "summary": { "successRate": 0.9, "total": 2.0, "slowest": 0.5 },
            "latencyPercentiles": { "p50": 0.001, "p99": 0.25, "p99.9": null },
            "statusCodeDistribution": { "200": 90, "202": 6, "503": 3 },
            "errorDistribution": { "connection closed": 1 }
        }"#;

        let open = open(&serde_json::from_str(report).unwrap());

        assert_eq!((open.answered_per_s, open.errors), (49.5, 4));
        assert_eq!((open.p99, open.most), (Duration::from_millis(250), Duration::from_millis(500)));
    }
}
