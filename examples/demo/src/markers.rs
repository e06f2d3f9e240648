//! The stage markers of a run, for people.

use std::{fmt, time::Duration};

use serde_json::Value;
use stagemark::{RunStatus, TaskState, TaskStatus};

/// How many steps have their marker: `3 of 11 steps have their markers`.
pub(crate) fn count(status: &RunStatus) -> String {
    let ready = status.tasks.iter().filter(|task| task.state == TaskState::Ready).count();
    format!("{ready} of {} steps have their markers", status.tasks.len())
}

/// A line for each step: its attempt, how long that took and what it made.
pub(crate) struct Table<'a>(pub(crate) &'a RunStatus);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Stage markers of run {}\n", self.0.run)?;
        writeln!(f, "{:<14} {:<10} {:>7} {:>10} {:>12}", "step", "state", "attempt", "time", "output")?;
        for task in &self.0.tasks {
            let (state, time, output) = (task.state.to_string(), time(task), output(task));
            writeln!(f, "{:<14} {state:<10} {:>7} {time:>10} {output:>12}", task.step, task.attempt)?;
        }
        Ok(())
    }
}

/// How long the latest attempt took.
fn time(task: &TaskStatus) -> String {
    match (task.started, task.finished) {
        (Some(from), Some(to)) => format!("{:.2} s", Duration::from_millis(to.0.saturating_sub(from.0)).as_secs_f64()),
        _ => "-".into(),
    }
}

fn output(task: &TaskStatus) -> String {
    let value = task.output.as_deref().and_then(|output| serde_json::from_str(output).ok());
    value.map_or_else(|| "-".into(), |value| size(artifact_bytes(&value)))
}

/// The bytes of all artifacts that an output names.
fn artifact_bytes(value: &Value) -> u64 {
    match value {
        Value::Object(fields) => match (fields.get("key"), fields.get("size_bytes").and_then(Value::as_u64)) {
            (Some(Value::String(_)), Some(size)) => size,
            _ => fields.values().map(artifact_bytes).sum(),
        },
        Value::Array(items) => items.iter().map(artifact_bytes).sum(),
        _ => 0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.2} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_artifacts_of_an_output_are_added_up_however_deep_they_lie() {
        let artifact = json!({ "key": "a", "size_bytes": 40 });
        let output = json!({ "video": { "artifact": artifact, "width_px": 1280 }, "all": [artifact, artifact] });

        assert_eq!(artifact_bytes(&output), 120);
        assert_eq!(artifact_bytes(&json!({ "size_bytes": 7 })), 0);
    }

    #[test]
    fn sizes_have_units_that_fit() {
        assert_eq!([size(999), size(1500), size(2_340_000)], ["999 B", "1.5 kB", "2.34 MB"]);
    }
}
