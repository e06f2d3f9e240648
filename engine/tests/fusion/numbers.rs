//! A family of steps on numbers, and a desk that notes who does what.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use stagemark::{
    Attempt, Backoff, Builder, Definition, Engine, Family, Fusible, Name, Options, Pass, Permanent, Run, Step,
    StepError, TaskStatus, Workflow, ports::Store,
};
use tokio::{sync::Notify, time::timeout};

pub(crate) const READ: Name = Name::new("read");
pub(crate) const ADD: Name = Name::new("add");
pub(crate) const TIMES: Name = Name::new("times");
pub(crate) const BROKEN: Name = Name::new("broken");

/// `(n + 1) * 2`, of a number that has to be read first.
pub(crate) const SUM: Workflow<String, i64> = Workflow::new("sum");

/// What a step does to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Read,
    Add(i64),
    Times(i64),
    Broken,
}

impl Op {
    pub(crate) fn apply(self, n: i64) -> Result<i64, StepError> {
        match self {
            Self::Read => Ok(n),
            Self::Add(m) => Ok(n.wrapping_add(m)),
            Self::Times(m) => Ok(n.wrapping_mul(m)),
            Self::Broken => Err("this cannot be calculated").permanent(),
        }
    }

    fn name(self) -> Name {
        match self {
            Self::Read => READ,
            Self::Add(_) => ADD,
            Self::Times(_) => TIMES,
            Self::Broken => BROKEN,
        }
    }
}

/// What happens to a pass.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Passing,
    Permanent,
    /// It waits until it is let on, and says nothing meanwhile.
    Held,
    /// It never ends.
    Hangs,
}

/// Where it is noted who did what, and told what is to go wrong.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    calls: Mutex<Vec<String>>,
    faults: Mutex<VecDeque<Fault>>,
    /// A pass is held.
    pub(crate) held: Notify,
    pub(crate) let_on: Notify,
}

impl Desk {
    /// A desk with faults for the first passes.
    pub(crate) fn with(faults: impl IntoIterator<Item = Fault>) -> Arc<Self> {
        Arc::new(Self { faults: Mutex::new(faults.into_iter().collect()), ..Self::default() })
    }

    fn note(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }

    /// The calls in order: the names of the steps, joined by `+` where they were done in one pass.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    async fn meet_fault(&self) -> Result<(), StepError> {
        let fault = self.faults.lock().unwrap().pop_front();
        match fault {
            None => Ok(()),
            Some(Fault::Passing) => Err("the pass has failed".into()),
            Some(Fault::Permanent) => Err("the pass cannot be done").permanent(),
            Some(Fault::Held) => {
                self.held.notify_one();
                self.let_on.notified().await;
                Ok(())
            }
            Some(Fault::Hangs) => std::future::pending().await,
        }
    }
}

/// The family: any number of operations, one after the other.
pub(crate) struct Numbers;

/// What a calculation begins with.
pub(crate) enum Source {
    Text(String),
    Number(i64),
}

impl From<String> for Source {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Source {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl Source {
    fn number(self) -> Result<i64, StepError> {
        match self {
            Self::Text(text) => text.parse().permanent(),
            Self::Number(number) => Ok(number),
        }
    }
}

impl Family for Numbers {
    const NAME: Name = Name::new("numbers");
    type Part = (Op, Arc<Desk>);
    type Source = Source;
    type Output = i64;

    async fn run(pass: &Pass<Self>, source: Source) -> Result<i64, StepError> {
        let desk = &pass.members()[0].part().1;
        let names: Vec<_> = pass.members().iter().map(|member| member.step().as_str()).collect();
        desk.note(names.join("+"));
        desk.meet_fault().await?;
        let mut number = source.number()?;
        for member in pass.members() {
            number = member.part().0.apply(number)?;
            member.progress(1.0, format!("{number}"));
        }
        Ok(number)
    }
}

/// A step of the family that takes a number; [`Read`] takes a text.
#[derive(Clone, Debug)]
pub(crate) struct Calculate(pub(crate) Op, pub(crate) Arc<Desk>);

impl Step for Calculate {
    const NAME: Name = Name::new("calculate");
    type Input = i64;
    type Output = i64;

    fn name(&self) -> Name {
        self.0.name()
    }

    fn options(&self) -> Options {
        Options { attempts: 3, backoff: Backoff::Fixed(Duration::ZERO), ..Options::default() }
    }

    fn fusible(&self) -> Option<Fusible<i64, i64>> {
        Some(Fusible::of::<Numbers>((self.0, Arc::clone(&self.1))))
    }

    async fn run(&self, _attempt: &Attempt, number: i64) -> Result<i64, StepError> {
        self.1.note(self.name().to_string());
        self.0.apply(number)
    }
}

/// Reads a number from a text.
#[derive(Clone, Debug)]
pub(crate) struct Read(pub(crate) Arc<Desk>);

impl Step for Read {
    const NAME: Name = READ;
    type Input = String;
    type Output = i64;

    fn options(&self) -> Options {
        Options { attempts: 3, backoff: Backoff::Fixed(Duration::ZERO), ..Options::default() }
    }

    fn fusible(&self) -> Option<Fusible<String, i64>> {
        Some(Fusible::of::<Numbers>((Op::Read, Arc::clone(&self.0))))
    }

    async fn run(&self, _attempt: &Attempt, text: String) -> Result<i64, StepError> {
        self.0.note(READ.to_string());
        text.parse().permanent()
    }
}

pub(crate) fn add(m: i64, desk: &Arc<Desk>) -> Calculate {
    Calculate(Op::Add(m), Arc::clone(desk))
}

pub(crate) fn times(m: i64, desk: &Arc<Desk>) -> Calculate {
    Calculate(Op::Times(m), Arc::clone(desk))
}

pub(crate) fn broken(desk: &Arc<Desk>) -> Calculate {
    Calculate(Op::Broken, Arc::clone(desk))
}

/// Three steps of one group.
pub(crate) fn sum(desk: &Arc<Desk>) -> Definition {
    SUM.define(|text| text.then(Read(Arc::clone(desk))).then(add(1, desk)).then(times(2, desk)))
}

pub(crate) fn builder(store: impl Store) -> Builder {
    Engine::builder(store).lease(Duration::from_secs(1)).poll(Duration::from_millis(20))
}

pub(crate) async fn tasks<Out>(run: &Run<Out>) -> Vec<TaskStatus> {
    run.status().await.unwrap().tasks
}

pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), work).await.expect("it should not take so long")
}

/// Ends a test: nothing is stuck, and the engine stops.
pub(crate) async fn finish(engine: Engine) {
    assert_eq!(engine.doctor().await.unwrap(), []);
    engine.shutdown(Duration::from_secs(5)).await;
}
