//! A step that shouts, and a desk that counts how often, holds it and has it fail.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use stagemark::{
    Attempt, Backoff, Builder, Definition, Engine, Name, Options, Permanent, Reuse, Run, Step, StepError, TaskState,
    TaskStatus, Workflow, ports::Store,
};
use tokio::{sync::Notify, time::timeout};

pub(crate) const SHOUT: Workflow<String, String> = Workflow::new("shout");

/// What happens to a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// It waits until it is let on.
    Held,
    /// It waits, and then it cannot be done.
    HeldAndFails,
}

#[derive(Debug, Default)]
pub(crate) struct Desk {
    calls: AtomicU32,
    acts: Mutex<VecDeque<Act>>,
    /// A call is held.
    pub(crate) held: Notify,
    pub(crate) let_on: Notify,
}

impl Desk {
    /// A desk with acts for the first calls.
    pub(crate) fn with(acts: impl IntoIterator<Item = Act>) -> Arc<Self> {
        Arc::new(Self { acts: Mutex::new(acts.into_iter().collect()), ..Self::default() })
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(SeqCst)
    }

    pub(crate) fn note(&self) {
        self.calls.fetch_add(1, SeqCst);
    }

    async fn act(&self, attempt: &Attempt) -> Result<(), StepError> {
        self.note();
        let act = self.acts.lock().unwrap().pop_front();
        let Some(act) = act else { return Ok(()) };
        self.held.notify_one();
        tokio::select! {
            () = self.let_on.notified() => {}
            () = attempt.cancelled() => return Err("it was told to stop".into()),
        }
        match act {
            Act::Held => Ok(()),
            Act::HeldAndFails => Err("it lost its voice").permanent(),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Shout(pub(crate) Arc<Desk>);

impl Step for Shout {
    const NAME: Name = Name::new("shout");
    type Input = String;
    type Output = String;

    fn options(&self) -> Options {
        Options { backoff: Backoff::Fixed(Duration::ZERO), ..Options::default() }
    }

    async fn run(&self, attempt: &Attempt, text: String) -> Result<String, StepError> {
        self.0.act(attempt).await?;
        Ok(text.to_uppercase())
    }
}

/// A workflow of the step, whose results are kept.
pub(crate) fn shout(desk: &Arc<Desk>) -> Definition {
    SHOUT.define(|text| text.then(Shout(Arc::clone(desk)).reuse(Reuse::version(1))))
}

pub(crate) fn builder(store: impl Store) -> Builder {
    Engine::builder(store).lease(Duration::from_secs(1)).poll(Duration::from_millis(20))
}

pub(crate) async fn start(store: impl Store, desk: &Arc<Desk>) -> Engine {
    builder(store).serve(shout(desk)).start().await.unwrap()
}

pub(crate) async fn submit(engine: &Engine, text: &str) -> Run<String> {
    engine.submit(SHOUT, text.to_owned()).await.unwrap()
}

pub(crate) async fn task<Out>(run: &Run<Out>) -> TaskStatus {
    run.status().await.unwrap().tasks.remove(0)
}

/// Which of the tasks took what others had made, in order.
pub(crate) async fn reused<Out>(run: &Run<Out>) -> Vec<bool> {
    run.status().await.unwrap().tasks.iter().map(|task| task.reused).collect()
}

/// Waits until the first task of a run waits for another run.
pub(crate) async fn waits<Out>(run: &Run<Out>) {
    soon(async {
        loop {
            let task = task(run).await;
            if task.state == TaskState::Leased && task.message.starts_with("waiting") {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_mins(1), work).await.expect("it should not take so long")
}

/// Ends a test: nothing is stuck, and the engine stops.
pub(crate) async fn finish(engine: Engine) {
    assert_eq!(engine.doctor().await.unwrap(), []);
    engine.shutdown(Duration::from_secs(5)).await;
}
