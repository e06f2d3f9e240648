//! The collector: removes artifacts that no marker speaks for.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use stagemark_rules::{Phase, TaskId, Timestamp};

use crate::{
    RunId,
    driver::clock::system,
    ports::{ArtifactError, Artifacts, Record, Store, StoreError},
};

/// The folder of what attempts put.
const RUNS: &str = "runs";
/// How many runs are read at a time, with all that they hold.
const BATCH_MAX: usize = 100;
const DAY: Duration = Duration::from_hours(24);

/// Finds and removes what attempts put and nobody needs: objects of attempts that failed, were killed, or put more than
/// they named.
///
/// An object stays if the input of its run, the output of any of its tasks or what an attempt keeps for the next one
/// names its key or a folder above it, or a result that is [kept](crate::Reuse) or was taken by any run does; if its task is not done and its run has not ended; and in any case for a time of
/// grace after that (default a day). Objects that are in no run's folder are never touched.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Collector, MemoryArtifacts, MemoryStore};
///
/// let collector = Collector::new(MemoryStore::new(), MemoryArtifacts::new());
/// assert!(collector.find().await?.keys.is_empty()); // looks alone
/// assert!(collector.collect().await?.keys.is_empty()); // removes what it finds
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Collector {
    store: Arc<dyn Store>,
    artifacts: Arc<dyn Artifacts>,
    grace: Duration,
    forgotten: Forgotten,
}

/// What becomes of the objects of runs that the store does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forgotten {
    Kept,
    Collected,
}

/// What was found.
///
/// ```
/// assert!(stagemark::Garbage::default().keys.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Garbage {
    /// The keys that no marker speaks for.
    pub keys: Vec<String>,
    /// How many objects are of runs that the store does not know, and were kept.
    pub forgotten: u64,
}

/// Why artifacts could not be collected; what was removed before stays removed.
///
/// ```
/// use stagemark::{CollectError, ports::ArtifactError};
///
/// let error = CollectError::from(ArtifactError::NoStore);
/// assert_eq!(error.to_string(), "the artifact store did not list or remove artifacts");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// The runs could not be read.
    #[error("the runs of the artifacts could not be read")]
    Store(#[from] StoreError),
    /// The artifacts could not be listed or removed.
    #[error("the artifact store did not list or remove artifacts")]
    Artifacts(#[from] ArtifactError),
}

impl Collector {
    /// Collects the artifacts of the runs of this store, and of no other.
    pub fn new(store: impl Store, artifacts: impl Artifacts + 'static) -> Self {
        let (store, artifacts) = (Arc::new(store), Arc::new(artifacts));
        Self { store, artifacts, grace: DAY, forgotten: Forgotten::Kept }
    }

    /// How long objects stay after nobody needs them (default a day).
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Collects also the objects of runs that the store does not know, after the time of grace.
    ///
    /// Not the default: to a store that is the wrong one, or was restored from an old copy, all runs are unknown.
    pub fn with_forgotten_runs(mut self) -> Self {
        self.forgotten = Forgotten::Collected;
        self
    }

    /// Finds what nobody needs, and leaves it.
    pub async fn find(&self) -> Result<Garbage, CollectError> {
        // Listed before the runs are read: what is put later is not judged by what was read earlier.
        let mut runs: BTreeMap<RunId, Vec<Object>> = BTreeMap::new();
        for key in self.artifacts.list(RUNS).await? {
            if let Some(object) = Object::of(key) {
                runs.entry(object.run).or_default().push(object);
            }
        }
        let results = Named::of(self.store.outputs().await?.iter().map(AsRef::as_ref));
        let ids: Vec<RunId> = runs.keys().copied().collect();
        let mut garbage = Garbage::default();
        for batch in ids.chunks(BATCH_MAX) {
            let records = self.store.load(batch).await?;
            let records: HashMap<RunId, Record> = records.into_iter().map(|record| (record.id, record)).collect();
            for run in batch {
                let objects = runs.remove(run).unwrap_or_default();
                self.judge(objects, (records.get(run), &results), &mut garbage);
            }
        }
        Ok(garbage)
    }

    /// Finds what nobody needs, and removes it.
    pub async fn collect(&self) -> Result<Garbage, CollectError> {
        let garbage = self.find().await?;
        for key in &garbage.keys {
            self.artifacts.delete(key).await?;
        }
        Ok(garbage)
    }

    /// Judges the objects of one run.
    fn judge(&self, objects: Vec<Object>, (record, results): (Option<&Record>, &Named), garbage: &mut Garbage) {
        let Some(record) = record else {
            let begun = objects.first().map(|object| object.run.submitted());
            if self.forgotten == Forgotten::Collected && begun.is_some_and(|begun| self.is_past(begun)) {
                let keys = objects.into_iter().map(|object| object.key);
                garbage.keys.extend(keys.filter(|key| !results.has(key)));
            } else {
                garbage.forgotten += objects.len() as u64;
            }
            return;
        };
        let named = Named::by(record);
        let needless = objects.into_iter().filter(|object| {
            let since = record.ended.or_else(|| done_at(record, object.task));
            since.is_some_and(|since| self.is_past(since)) && !named.has(&object.key) && !results.has(&object.key)
        });
        garbage.keys.extend(needless.map(|object| object.key));
    }

    /// Whether the time of grace after this moment is over.
    fn is_past(&self, moment: Timestamp) -> bool {
        moment.after(self.grace) <= system()
    }
}

/// When a task was done. Its marker does not change any more, so what it does not name is never named.
fn done_at(record: &Record, task: TaskId) -> Option<Timestamp> {
    let marker = record.markers.iter().find(|marker| marker.id == task)?;
    if matches!(marker.task.phase, Phase::Done { .. }) { marker.finished } else { None }
}

/// An object that an attempt put.
#[derive(Debug, PartialEq, Eq)]
struct Object {
    key: String,
    run: RunId,
    task: TaskId,
}

impl Object {
    /// By its key, `runs/<run>/<node>-<step>/<item>/<attempt>/<name>`, where a pass is named by its first node and that
    /// one's attempt, `<first>-<attempt>`; `None` for any other.
    fn of(key: String) -> Option<Self> {
        let mut parts = key.splitn(6, '/');
        let is_of_run = parts.next() == Some(RUNS);
        let run = RunId::from_str(parts.next()?).ok()?;
        let node = parts.next()?.split_once('-')?.0.parse().ok()?;
        let item = parts.next()?.parse().ok()?;
        let (first, attempt) = parts.next().map(|attempt| attempt.split_once('-').unwrap_or(("0", attempt)))?;
        let (_, _): (u16, u32) = (first.parse().ok()?, attempt.parse().ok()?);
        parts.next()?;
        is_of_run.then_some(Self { key, run, task: TaskId { node, item } })
    }
}

/// What the values of a run name: each text in them may be a key, a folder, or hold a key.
#[derive(Debug, Default)]
struct Named {
    texts: HashSet<String>,
}

impl Named {
    fn by(record: &Record) -> Self {
        let outputs = record.markers.iter().filter_map(|marker| marker.output.as_deref());
        let details = record.beats.iter().filter_map(|beat| beat.details.as_deref());
        Self::of(outputs.chain(details).chain([record.input.as_ref()]))
    }

    fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut named = Self::default();
        for json in values {
            match serde_json::from_str(json) {
                Ok(value) => named.add(value),
                // Of what cannot be read, all of it is a text that may hold keys.
                Err(_) => named.add(Value::String(json.to_owned())),
            }
        }
        named
    }

    fn add(&mut self, value: Value) {
        match value {
            Value::String(text) if text.contains(RUNS) => {
                self.texts.insert(text);
            }
            Value::Array(values) => values.into_iter().for_each(|value| self.add(value)),
            Value::Object(values) => values.into_iter().for_each(|(name, value)| {
                self.add(Value::String(name));
                self.add(value);
            }),
            _ => {}
        }
    }

    fn has(&self, key: &str) -> bool {
        if self.texts.contains(key) {
            return true;
        }
        self.texts.iter().any(|text| {
            let folder = text.trim_end_matches('/');
            text.contains(key) || key.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn named(json: &str) -> Named {
        let mut named = Named::default();
        named.add(serde_json::from_str(json).unwrap());
        named
    }

    #[test]
    fn an_object_is_known_by_its_key() {
        let key = format!("runs/{RUN}/2-edit-all/7/3/parts/1.ts");

        let object = Object::of(key).unwrap();

        assert_eq!((object.run.to_string().as_str(), object.task), (RUN, TaskId { node: 2, item: 7 }));
    }

    #[test]
    fn an_object_of_a_pass_is_that_of_its_last_task() {
        let object = Object::of(format!("runs/{RUN}/5-bumpers/0/2-1/out.mp4")).unwrap();

        assert_eq!(object.task, TaskId::of(5));
    }

    #[test]
    fn what_no_attempt_put_is_not_ours() {
        for key in [
            "uploads/1/2-a/0/1/x".to_owned(),
            "runs/x".to_owned(),
            "runs/not-a-run/2-a/0/1/x".to_owned(),
            format!("runs/{RUN}/edit/0/1/x"),
            format!("runs/{RUN}/2-edit/0/x/y"),
            format!("runs/{RUN}/2-edit/0/1-x/y"),
            format!("runs/{RUN}/2-edit/0/1"),
        ] {
            assert_eq!(Object::of(key.clone()), None, "{key}");
        }
    }

    #[test]
    fn keys_are_found_wherever_they_are_named() {
        for json in [
            r#"{"key":"runs/1/a/x.mp4","size_bytes":1}"#,
            r#"[[1,{"any":["runs/1/a/x.mp4"]}]]"#,
            r#""s3://bucket/objects/runs/1/a/x.mp4?q""#,
            r#"{"runs/1/a/x.mp4":true}"#,
            r#""runs/1/a""#,
            r#""runs/1/""#,
        ] {
            assert!(named(json).has("runs/1/a/x.mp4"), "{json}");
        }
    }

    #[test]
    fn others_are_not() {
        for json in [r#""runs/1/a/y.mp4""#, r#""runs/1/a/x""#, r#""runs/1/b""#, "null", "1", r#""""#, r#""run""#] {
            assert!(!named(json).has("runs/1/a/x.mp4"), "{json}");
        }
    }
}
