//! The stage markers of a run as a table.

use std::fmt::Write;

use serde_json::Value;
use stagemark::{RunStatus, TaskStatus};

/// One line for each task.
pub(crate) fn of(status: &RunStatus) -> String {
    let mut table = String::new();
    row(&mut table, ["step", "state", "attempt", "time", "output"]);
    row(&mut table, ["----", "-----", "-------", "----", "------"]);
    for task in &status.tasks {
        let (attempt, state) = (task.attempt.to_string(), task.state.to_string());
        row(&mut table, [&task.step, &state, &attempt, &time(task), &output(task)]);
    }
    table
}

fn row(table: &mut String, [step, state, attempt, time, output]: [&str; 5]) {
    // Writing to a string does not fail.
    let _ = writeln!(table, "{step:<14} {state:<10} {attempt:>7} {time:>9} {output:>10}");
}

fn time(task: &TaskStatus) -> String {
    match (task.started, task.finished) {
        (Some(started), Some(finished)) => {
            let time = std::time::Duration::from_millis(finished.0.saturating_sub(started.0));
            format!("{:.2} s", time.as_secs_f64())
        }
        _ => "-".to_owned(),
    }
}

/// The size of the artifacts that the output names.
fn output(task: &TaskStatus) -> String {
    let parsed = task.output.as_deref().and_then(|output| serde_json::from_str(output).ok());
    let bytes: u64 = parsed.as_ref().map_or(0, artifact_bytes);
    if bytes == 0 { "-".to_owned() } else { indicatif::DecimalBytes(bytes).to_string() }
}

fn artifact_bytes(value: &Value) -> u64 {
    match value {
        Value::Object(members) => match (members.get("key"), members.get("size_bytes").and_then(Value::as_u64)) {
            (Some(_), Some(bytes)) => bytes,
            _ => members.values().map(artifact_bytes).sum(),
        },
        Value::Array(items) => items.iter().map(artifact_bytes).sum(),
        _ => 0,
    }
}
