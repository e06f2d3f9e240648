//! A workflow whose steps are one group, for workers that are killed in the middle of a pass.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use stagemark::{Attempt, Backoff, Definition, Family, Fusible, Name, Options, Pass, Step, StepError, Workflow};

/// Eleven more, in three steps.
pub(crate) const ELEVEN_MORE: Workflow<u32, u32> = Workflow::new("eleven-more");

/// While this file is in the folder, no pass ends.
pub(crate) fn holds(folder: &Path) -> PathBuf {
    folder.join("hold")
}

struct Sums;

/// How much is added, and where the folder is.
#[derive(Clone)]
struct Part(u32, PathBuf);

impl Family for Sums {
    const NAME: Name = Name::new("sums");
    type Part = Part;
    type Source = u32;
    type Output = u32;

    async fn run(pass: &Pass<Self>, source: u32) -> Result<u32, StepError> {
        pass.attempt().progress(0.5, "adding");
        let Part(_, folder) = pass.members()[0].part();
        if holds(folder).exists() {
            println!("in a pass");
        }
        while holds(folder).exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tracing::info!("added");
        pass.attempt().put("sum.txt", "whole").await?;
        Ok(source + pass.members().iter().map(|member| member.part().0).sum::<u32>())
    }
}

struct Add(Name, Part);

impl Step for Add {
    const NAME: Name = Name::new("add");
    type Input = u32;
    type Output = u32;

    fn name(&self) -> Name {
        self.0
    }

    fn options(&self) -> Options {
        Options { attempts: 3, backoff: Backoff::Fixed(Duration::ZERO), ..Options::default() }
    }

    fn fusible(&self) -> Option<Fusible<u32, u32>> {
        Some(Fusible::of::<Sums>(self.1.clone()))
    }

    async fn run(&self, _: &Attempt, n: u32) -> Result<u32, StepError> {
        Ok(n + self.1.0)
    }
}

pub(crate) fn eleven_more(folder: &Path) -> Definition {
    let add = |name, n| Add(Name::new(name), Part(n, folder.to_owned()));
    ELEVEN_MORE.define(|n| n.then(add("add-five", 5)).then(add("add-four", 4)).then(add("add-two", 2)))
}
