//! A run over the same input takes what an earlier one made, and nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use stagemark::{
    MemoryStore, Name, Reuse, Step, StepError, Workflow, from_fn,
    ports::{Companion, StoreError, Wanted},
};

use crate::{
    fixture::{Desk, SHOUT, Shout, builder, finish, reused, shout, soon, start, submit, task},
    guarded::{Guard, Guarded, away},
};

#[tokio::test]
async fn a_run_over_the_same_input_takes_the_result() {
    let desk = Desk::with([]);
    let engine = start(MemoryStore::new(), &desk).await;
    let first = submit(&engine, "hello").await;
    assert_eq!(soon(first.result()).await.unwrap(), "HELLO");

    let second = submit(&engine, "hello").await;

    assert_eq!(soon(second.result()).await.unwrap(), "HELLO");
    assert_eq!(desk.calls(), 1);
    let (made, taken) = (task(&first).await, task(&second).await);
    assert_eq!((made.reused, taken.reused), (false, true));
    assert_eq!((taken.state, taken.attempt, taken.output), (made.state, 1, made.output));
    finish(engine).await;
}

#[tokio::test]
async fn another_engine_over_the_store_takes_it_too() {
    let (desk, store) = (Desk::with([]), MemoryStore::new());
    let engine = start(store.clone(), &desk).await;
    soon(submit(&engine, "hello").await.result()).await.unwrap();
    finish(engine).await;

    let engine = start(store, &desk).await;
    let second = submit(&engine, "hello").await;

    assert_eq!(soon(second.result()).await.unwrap(), "HELLO");
    assert_eq!((desk.calls(), reused(&second).await), (1, vec![true]));
    finish(engine).await;
}

#[tokio::test]
async fn another_input_is_worked_on() {
    let desk = Desk::with([]);
    let engine = start(MemoryStore::new(), &desk).await;
    soon(submit(&engine, "hello").await.result()).await.unwrap();

    assert_eq!(soon(submit(&engine, "world").await.result()).await.unwrap(), "WORLD");

    assert_eq!(desk.calls(), 2);
    finish(engine).await;
}

#[tokio::test]
async fn a_step_that_does_not_ask_for_it_is_always_run() {
    let desk = Desk::with([]);
    let plain = SHOUT.define(|text| text.then(Shout(Arc::clone(&desk))));
    let engine = builder(MemoryStore::new()).serve(plain).start().await.unwrap();

    for _ in 0..2 {
        let run = submit(&engine, "hello").await;
        soon(run.result()).await.unwrap();
        assert_eq!(reused(&run).await, [false]);
    }

    assert_eq!(desk.calls(), 2);
    finish(engine).await;
}

#[tokio::test]
async fn a_step_with_another_version_or_other_parameters_is_run() {
    let (desk, store) = (Desk::with([]), MemoryStore::new());
    let kinds = [Reuse::version(1), Reuse::version(2), Reuse::version(2).parameters(&"loud")];
    for reuse in kinds {
        let definition = SHOUT.define(|text| text.then(Shout(Arc::clone(&desk)).reuse(reuse)));
        let engine = builder(store.clone()).serve(definition).start().await.unwrap();
        let run = submit(&engine, "hello").await;
        soon(run.result()).await.unwrap();
        assert_eq!(reused(&run).await, [false]);
        finish(engine).await;
    }

    assert_eq!(desk.calls(), 3);
}

#[tokio::test]
async fn what_a_step_of_the_same_name_made_of_another_type_is_not_taken() {
    const COUNT: Workflow<String, usize> = Workflow::new("count");
    let (desk, store) = (Desk::with([]), MemoryStore::new());
    let count = from_fn(Shout::NAME, |_, text: String| async move { Ok(text.len()) }).reuse(Reuse::version(1));
    let count = COUNT.define(|text| text.then(count));
    let engine = builder(store).serve(shout(&desk)).serve(count).start().await.unwrap();
    soon(submit(&engine, "hello").await.result()).await.unwrap();

    let run = engine.submit(COUNT, "hello".to_owned()).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 5);
    assert_eq!(reused(&run).await, [false]);
    finish(engine).await;
}

#[tokio::test]
async fn equal_items_are_worked_on_once() {
    const SHOUT_ALL: Workflow<Vec<String>, Vec<String>> = Workflow::new("shout-all");
    let desk = Desk::with([]);
    let all = SHOUT_ALL.define(|texts| texts.each(Shout(Arc::clone(&desk)).reuse(Reuse::version(1))));
    let engine = builder(MemoryStore::new()).serve(all).start().await.unwrap();

    let run = engine.submit(SHOUT_ALL, ["a", "b", "a", "a"].map(str::to_owned).to_vec()).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), ["A", "B", "A", "A"]);
    let taken = reused(&run).await.into_iter().filter(|reused| *reused).count();
    assert_eq!((desk.calls(), taken), (2, 2));
    finish(engine).await;
}

/// One that needs nothing of the store.
#[derive(Debug)]
struct Beside;

#[async_trait]
impl Companion for Beside {
    async fn write(&self, _transaction: &(dyn std::any::Any + Send + Sync)) -> Result<(), StepError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_step_that_writes_beside_its_marker_is_always_run() {
    let desk = Desk::with([]);
    let by = Arc::clone(&desk);
    let book = from_fn(Name::new("book"), move |attempt: stagemark::Attempt, text: String| {
        by.note();
        attempt.accompany(Beside);
        async move { Ok(text) }
    });
    let definition = SHOUT.define(|text| text.then(book.reuse(Reuse::version(1))));
    let engine = builder(MemoryStore::new()).serve(definition).start().await.unwrap();

    for _ in 0..2 {
        let run = submit(&engine, "hello").await;
        assert_eq!(soon(run.result()).await.unwrap(), "hello");
        assert_eq!(reused(&run).await, [false]);
    }

    assert_eq!(desk.calls(), 2);
    finish(engine).await;
}

/// Looks no result up.
#[derive(Clone, Debug, Default)]
struct Blind;

impl Guard for Blind {
    fn want(&self, _wanted: &Wanted) -> Result<(), StoreError> {
        Err(away("looking up a result"))
    }
}

#[tokio::test]
async fn where_no_result_can_be_looked_up_the_step_is_run_and_its_result_kept() {
    let (desk, store) = (Desk::with([]), Guarded::<Blind>::default());
    let engine = start(store.clone(), &desk).await;
    for _ in 0..2 {
        assert_eq!(soon(submit(&engine, "hello").await.result()).await.unwrap(), "HELLO");
    }
    assert_eq!(desk.calls(), 2);
    finish(engine).await;

    let engine = start(store.store, &desk).await;
    soon(submit(&engine, "hello").await.result()).await.unwrap();

    assert_eq!(desk.calls(), 2, "what was made is kept");
    finish(engine).await;
}
