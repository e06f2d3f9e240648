//! A group that is run in one pass is taken whole, where all its steps ask for it.

use std::sync::Arc;

use stagemark::{Attempt, Definition, Family, Fusible, MemoryStore, Name, Pass, Reuse, Run, Step, StepError, Workflow};

use crate::fixture::{Desk, builder, finish, reused, soon};

const SUM: Workflow<i64, i64> = Workflow::new("sum");

struct Sums;

impl Family for Sums {
    const NAME: Name = Name::new("sums");
    type Part = (i64, Arc<Desk>);
    type Source = i64;
    type Output = i64;

    async fn run(pass: &Pass<Self>, source: i64) -> Result<i64, StepError> {
        pass.members()[0].part().1.note();
        Ok(source + pass.members().iter().map(|member| member.part().0).sum::<i64>())
    }
}

#[derive(Clone)]
struct Add(i64, Arc<Desk>);

impl Step for Add {
    const NAME: Name = Name::new("add");
    type Input = i64;
    type Output = i64;

    fn fusible(&self) -> Option<Fusible<i64, i64>> {
        Some(Fusible::of::<Sums>((self.0, Arc::clone(&self.1))))
    }

    async fn run(&self, _attempt: &Attempt, n: i64) -> Result<i64, StepError> {
        self.1.note();
        Ok(n + self.0)
    }
}

/// One step, that asks for its results to be kept, of these.
fn add(n: i64, desk: &Arc<Desk>) -> impl Step<Input = i64, Output = i64> + use<> {
    Add(n, Arc::clone(desk)).reuse(Reuse::version(1).parameters(&n))
}

fn sum(desk: &Arc<Desk>, parts: [i64; 2]) -> Definition {
    SUM.define(|n| n.then(add(parts[0], desk)).then(add(parts[1], desk)))
}

/// Runs it once over 20; gives the run.
async fn once(store: &MemoryStore, definition: Definition) -> (i64, Vec<bool>) {
    let engine = builder(store.clone()).serve(definition).start().await.unwrap();
    let run: Run<i64> = engine.submit(SUM, 20).await.unwrap();
    let seen = (soon(run.result()).await.unwrap(), reused(&run).await);
    finish(engine).await;
    seen
}

#[tokio::test]
async fn a_pass_whose_steps_all_ask_for_it_is_taken_whole() {
    let (desk, store) = (Desk::with([]), MemoryStore::new());

    assert_eq!(once(&store, sum(&desk, [1, 2])).await, (23, vec![false; 2]));
    assert_eq!(once(&store, sum(&desk, [1, 2])).await, (23, vec![true; 2]));

    assert_eq!(desk.calls(), 1);
}

#[tokio::test]
async fn a_pass_of_other_steps_is_run() {
    let (desk, store) = (Desk::with([]), MemoryStore::new());

    assert_eq!(once(&store, sum(&desk, [1, 2])).await, (23, vec![false; 2]));
    assert_eq!(once(&store, sum(&desk, [1, 3])).await, (24, vec![false; 2]));

    assert_eq!(desk.calls(), 2);
}

#[tokio::test]
async fn a_pass_of_which_one_step_does_not_ask_for_it_is_run() {
    let (desk, store) = (Desk::with([]), MemoryStore::new());
    let sum = || SUM.define(|n| n.then(add(1, &desk)).then(Add(2, Arc::clone(&desk))));

    for _ in 0..2 {
        assert_eq!(once(&store, sum()).await, (23, vec![false; 2]));
    }

    assert_eq!(desk.calls(), 2);
}

#[tokio::test]
async fn steps_that_are_run_one_by_one_are_taken_one_by_one() {
    let (desk, store) = (Desk::with([]), MemoryStore::new());
    let once = async |parts| once(&store, sum(&desk, parts).fusion(false)).await;

    assert_eq!(once([1, 2]).await, (23, vec![false; 2]));
    assert_eq!(once([1, 3]).await, (24, vec![true, false]));
    assert_eq!(once([1, 2]).await, (23, vec![true; 2]));

    assert_eq!(desk.calls(), 3);
}
