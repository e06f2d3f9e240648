//! What a step says of itself so that its output is kept, and taken instead of being made again.

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{Name, ports::ResultKey};

/// How long a result is kept where nothing else is said.
const KEEP: Duration = Duration::from_hours(7 * 24);
/// Deeper than this no step reads its input: what lies there is hashed as it stands.
const DEPTH_MAX: u32 = 128;

/// That the output of a step depends on its input and its parameters alone, so that it may be kept and taken by any run
/// that wants the same; see [`Step::reuse`](crate::Step::reuse).
///
/// A result is kept under a hash of the step's name, this version, these parameters and the input. The order of the
/// fields of the input plays no part, nor does the key of an [`Artifact`](crate::Artifact) that has a digest: it counts
/// by its content.
///
/// - Raise the [version](Self::version) whenever the step would make something else of the same input.
/// - [Parameters](Self::parameters) (default: none) are all that the step was built with and that shows in its output.
/// - It is [kept](Self::keep) for seven days, unless asked otherwise.
///
/// ```
/// use std::time::Duration;
/// use stagemark::{Engine, MemoryStore, Name, Reuse, Step, Workflow, from_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// const SCALE: Workflow<u64, u64> = Workflow::new("scale");
/// let factor = 2;
/// let scale = from_fn(Name::new("times"), move |_, n: u64| async move { Ok(n * factor) })
///     .reuse(Reuse::version(1).parameters(&factor).keep(Duration::from_secs(3_600)));
/// let engine = Engine::builder(MemoryStore::new()).serve(SCALE.define(|n| n.then(scale))).start().await?;
///
/// assert_eq!(engine.submit(SCALE, 21).await?.result().await?, 42);
/// let second = engine.submit(SCALE, 21).await?;
/// assert_eq!(second.result().await?, 42);
/// assert!(second.status().await?.tasks[0].reused);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Reuse {
    version: u32,
    parameters: [u8; 32],
    keep: Duration,
}

impl Reuse {
    /// Keeps the results of this version of the step, for seven days and without parameters.
    pub fn version(version: u32) -> Self {
        Self { version, parameters: [0; 32], keep: KEEP }
    }

    /// What the step was built with and its output depends on; of it a hash alone is kept.
    ///
    /// # Panics
    /// If it cannot be written as JSON.
    pub fn parameters(self, parameters: &impl Serialize) -> Self {
        let json = serde_json::to_string(parameters).expect("the parameters of a step can be written as JSON");
        let mut hash = Sha256::new();
        feed(&mut hash, &json, 0);
        Self { parameters: hash.finalize().into(), ..self }
    }

    /// How long a result may be taken after it was made (default 7 days), by the clock of the store.
    pub fn keep(self, keep: Duration) -> Self {
        Self { keep, ..self }
    }
}

/// All that the output of an attempt depends on besides its input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    hash: [u8; 32],
    /// How long what is made by it is kept.
    pub(crate) keep: Duration,
}

impl Recipe {
    pub(crate) fn of(step: Name, reuse: &Reuse) -> Self {
        let mut hash = Sha256::new();
        hash.update(step.as_str());
        // No name has a zero in it.
        hash.update([0]);
        hash.update(reuse.version.to_be_bytes());
        hash.update(reuse.parameters);
        Self { hash: hash.finalize().into(), keep: reuse.keep }
    }

    /// That of several steps in one pass, each of which has one.
    pub(crate) fn of_pass(steps: &[Self]) -> Option<Self> {
        let mut hash = Sha256::new();
        for step in steps {
            hash.update(step.hash);
        }
        let keep = steps.iter().map(|step| step.keep).min()?;
        Some(Self { hash: hash.finalize().into(), keep })
    }

    /// What the output of this on an input, as JSON, is kept under.
    pub(crate) fn on(&self, input: &str) -> ResultKey {
        let mut hash = Sha256::new();
        hash.update(self.hash);
        feed(&mut hash, input, 0);
        ResultKey(hash.finalize().into())
    }
}

/// Hashes a JSON value whatever the order of its fields and the keys of its artifacts are. Numbers and texts are taken as
/// they are written: to read them could make two of them one.
fn feed(hash: &mut Sha256, json: &str, depth: u32) {
    let json = json.trim();
    match json.as_bytes().first() {
        Some(b'{') if depth < DEPTH_MAX => match serde_json::from_str(json) {
            Ok(Fields(fields)) => feed_fields(hash, fields, depth),
            Err(_) => hash.update(json),
        },
        Some(b'[') if depth < DEPTH_MAX => match serde_json::from_str::<Vec<&RawValue>>(json) {
            Ok(items) => {
                hash.update("[");
                for item in items {
                    feed(hash, item.get(), depth + 1);
                    hash.update(",");
                }
                hash.update("]");
            }
            Err(_) => hash.update(json),
        },
        _ => hash.update(json),
    }
}

fn feed_fields(hash: &mut Sha256, mut fields: Vec<(String, &RawValue)>, depth: u32) {
    // Stable: of two fields of one name, which of them comes last may matter to the step.
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    if let Some((digest, size_bytes)) = artifact(&fields) {
        // No JSON begins so.
        hash.update(format!("@{digest}:{size_bytes}"));
        return;
    }
    hash.update("{");
    for (name, value) in fields {
        hash.update(serde_json::Value::String(name).to_string());
        hash.update(":");
        feed(hash, value.get(), depth + 1);
        hash.update(",");
    }
    hash.update("}");
}

/// The digest and the size of an artifact whose content is known.
fn artifact<'a>(fields: &[(String, &'a RawValue)]) -> Option<(&'a str, u64)> {
    let [(digest_name, digest), (key_name, key), (size_name, size)] = fields else { return None };
    let names = [digest_name.as_str(), key_name.as_str(), size_name.as_str()];
    let digest = digest.get().strip_prefix('"')?.strip_suffix('"')?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let is_one = names == ["digest", "key", "size_bytes"] && is_digest && key.get().starts_with('"');
    if is_one { size.get().parse().ok().map(|size_bytes| (digest, size_bytes)) } else { None }
}

/// The fields of an object, in their order, with those that are there twice.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Every;

        impl<'de> Visitor<'de> for Every {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn key(input: &str) -> ResultKey {
        Recipe::of(Name::new("trim"), &Reuse::version(1)).on(input)
    }

    fn upload(name: &str, digest: &str) -> String {
        format!(r#"{{"file":{{"key":"{name}","size_bytes":3,"digest":"{digest}"}},"seconds":30}}"#)
    }

    #[test]
    fn the_order_of_fields_plays_no_part() {
        assert_eq!(key(r#"{"a":[1,{"c":2,"d":3}],"b":"x"}"#), key(r#" { "b": "x", "a": [1, {"d": 3, "c": 2}] } "#));
    }

    #[test]
    fn every_part_of_a_value_counts() {
        let inputs = [
            "null",
            "0",
            "1",
            "1.0",
            "-1",
            "\"1\"",
            "[]",
            "[[]]",
            "[1,2]",
            "[2,1]",
            "[[1],2]",
            "[12]",
            "{}",
            r#"{"a":1}"#,
            r#"{"a":2}"#,
            r#"{"b":1}"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a":1,"b":1}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":2,"a":1}"#,
            "18446744073709551616",
            "18446744073709551617",
            "0.1000000000000000055",
        ];

        let keys: std::collections::HashSet<_> = inputs.iter().map(|input| key(input)).collect();

        assert_eq!(keys.len(), inputs.len());
    }

    #[test]
    fn an_artifact_counts_by_its_content() {
        assert_eq!(key(&upload("uploads/1", DIGEST)), key(&upload("uploads/2", DIGEST)));
        assert_ne!(key(&upload("uploads/1", DIGEST)), key(&upload("uploads/1", &DIGEST.replace('b', "c"))));
    }

    #[test]
    fn an_artifact_of_unknown_content_counts_by_its_key() {
        assert_ne!(key(r#"{"key":"a","size_bytes":3}"#), key(r#"{"key":"b","size_bytes":3}"#));
        assert_ne!(key(&upload("uploads/1", "abc")), key(&upload("uploads/2", "abc")));
    }

    #[test]
    fn step_version_and_parameters_count() {
        let of = |name, reuse: Reuse| Recipe::of(Name::new(name), &reuse).on("1");
        let keys = [
            of("trim", Reuse::version(1)),
            of("edit", Reuse::version(1)),
            of("trim", Reuse::version(2)),
            of("trim", Reuse::version(1).parameters(&30)),
            of("trim", Reuse::version(1).parameters(&"30")),
        ];

        let distinct: std::collections::HashSet<_> = keys.iter().collect();

        assert_eq!(distinct.len(), keys.len());
        assert_eq!(keys[0], of("trim", Reuse::version(1).keep(Duration::ZERO)));
    }

    #[test]
    fn a_value_of_any_depth_is_hashed() {
        let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(100_000), "]".repeat(100_000));

        assert_ne!(key(&deep("1")), key(&deep("2")));
    }
}
