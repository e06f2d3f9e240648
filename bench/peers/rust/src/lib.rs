//! What the programs share: their arguments, and how they say what they measured.

use std::time::{Duration, Instant};

/// What a program does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It makes its tables.
    Setup,
    /// It carries out runs as fast as it can.
    Throughput,
    /// It carries out one run after the other.
    Alone,
}

/// What to do, and with how many runs.
pub fn arguments() -> (Mode, usize) {
    let arguments: Vec<String> = std::env::args().collect();
    let mode = match arguments.get(1).map(String::as_str) {
        Some("throughput") => Mode::Throughput,
        Some("alone") => Mode::Alone,
        _ => Mode::Setup,
    };
    (mode, arguments.get(2).and_then(|runs| runs.parse().ok()).unwrap_or(0))
}

/// Tells how many runs ended in a second.
pub fn tell_rate(runs: usize, begun: Instant) {
    println!("RESULT {{\"runs_per_s\": {:.1}}}", runs as f64 / begun.elapsed().as_secs_f64());
}

/// Tells how long runs took.
pub fn tell_times(mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!("RESULT {{\"p50_ms\": {:.2}, \"p99_ms\": {:.2}}}", at(50), at(99));
}
