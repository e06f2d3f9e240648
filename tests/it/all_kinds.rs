//! A workflow with steps of all kinds, for workers that are killed while they run it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stagemark::{Artifact, Attempt, Backoff, Definition, Name, Step, StepError, Workflow, from_fn};

/// From the number of parts to what was made of them.
pub(crate) const ALL_KINDS: Workflow<u32, Made> = Workflow::new("all-kinds");

const SPLIT: Name = Name::new("split");
const COUNT: Name = Name::new("count");
const GATHER: Name = Name::new("gather");

/// More than the workers are killed: a crash counts as an attempt.
const ATTEMPTS: u32 = 200;
/// The size of a part.
pub(crate) const PART_BYTES: usize = 200_000;

/// What a run of [`ALL_KINDS`] makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) parts: Vec<Artifact>,
    pub(crate) counted: u32,
    pub(crate) shaky: u32,
}

/// A split into a list, an `each` that puts artifacts, a step that goes on where it was, one that fails at first, and
/// the join of them all.
pub(crate) fn all_kinds() -> Definition {
    let soon = Backoff::Fixed(Duration::from_millis(20));
    ALL_KINDS.define(|parts| {
        let list = parts
            .then(from_fn(SPLIT, |_, parts: u32| async move { Ok((0..parts).collect::<Vec<_>>()) }).attempts(ATTEMPTS));
        let files = list.each(PutPart.attempts(ATTEMPTS).backoff(soon).concurrency(2));
        let counted = parts.then(from_fn(COUNT, count).attempts(ATTEMPTS).backoff(soon));
        let shaky = counted.then(Shaky.attempts(ATTEMPTS).backoff(soon));
        let gather = from_fn(GATHER, |_, ((parts, counted), shaky): ((Vec<Artifact>, u32), u32)| async move {
            Ok(Made { parts, counted, shaky })
        });
        files.and(counted).and(shaky).then(gather.attempts(ATTEMPTS).backoff(soon))
    })
}

/// Puts an artifact in pieces, so that a kill meets it half written.
struct PutPart;

impl Step for PutPart {
    const NAME: Name = Name::new("put-part");
    type Input = u32;
    type Output = Artifact;

    async fn run(&self, attempt: &Attempt, part: u32) -> Result<Artifact, StepError> {
        let mut writer = attempt.writer("part.bin").await?;
        for piece in 0..4_u32 {
            attempt.progress(f64::from(piece) / 4.0, "writing");
            writer.write(vec![byte_of(part); PART_BYTES / 4].into()).await?;
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        Ok(writer.finish().await?)
    }
}

/// What a part is made of.
pub(crate) fn byte_of(part: u32) -> u8 {
    u8::try_from(part % 251).unwrap_or_default()
}

/// Counts to ten, and goes on where an earlier attempt was.
async fn count(attempt: Attempt, _parts: u32) -> Result<u32, StepError> {
    let scratch = attempt.scratch().await?;
    std::fs::write(scratch.file("counted"), "a file that a kill leaves behind")?;
    let begun = attempt.resume::<u32>()?.unwrap_or(0);
    for n in begun..10 {
        attempt.progress(f64::from(n) / 10.0, "counting");
        attempt.checkpoint(&(n + 1))?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(10)
}

/// Fails at its first two attempts.
struct Shaky;

impl Step for Shaky {
    const NAME: Name = Name::new("shaky");
    type Input = u32;
    type Output = u32;

    async fn run(&self, attempt: &Attempt, counted: u32) -> Result<u32, StepError> {
        if attempt.number() < 3 {
            return Err("not yet".into());
        }
        Ok(counted + 1)
    }
}
