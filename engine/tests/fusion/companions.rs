//! What a pass writes beside its markers, in the same transaction.

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};

use async_trait::async_trait;
use stagemark::{Attempt, Family, Fusible, MemoryStore, Name, Pass, Step, StepError, Workflow, ports::Companion};

use crate::numbers::{builder, finish, soon, tasks};

const BOOK: Workflow<u32, u32> = Workflow::new("book");

/// How often it was asked to write: the first time it fails.
#[derive(Clone, Debug, Default)]
struct Shaky(Arc<AtomicU32>);

#[async_trait]
impl Companion for Shaky {
    async fn write(&self, _: &(dyn Any + Send + Sync)) -> Result<(), StepError> {
        if self.0.fetch_add(1, SeqCst) == 0 { Err("the row was not written".into()) } else { Ok(()) }
    }
}

struct Books;

impl Family for Books {
    const NAME: Name = Name::new("books");
    type Part = Shaky;
    type Source = u32;
    type Output = u32;

    async fn run(pass: &Pass<Self>, n: u32) -> Result<u32, StepError> {
        pass.attempt().accompany(pass.members()[0].part().clone());
        Ok(n + 1)
    }
}

#[derive(Clone)]
struct Book(Shaky);

impl Step for Book {
    const NAME: Name = Name::new("book");
    type Input = u32;
    type Output = u32;

    fn fusible(&self) -> Option<Fusible<u32, u32>> {
        Some(Fusible::of::<Books>(self.0.clone()))
    }

    async fn run(&self, _: &Attempt, n: u32) -> Result<u32, StepError> {
        Ok(n)
    }
}

#[tokio::test]
async fn a_pass_whose_companion_fails_is_tried_again_whole() {
    let shaky = Shaky::default();
    let book = Book(shaky.clone());
    let books = BOOK.define(|n| n.then(book.clone()).then(book.clone()));
    let engine = builder(MemoryStore::new()).serve(books).start().await.unwrap();

    let run = engine.submit(BOOK, 41).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 42);
    let tasks = tasks(&run).await;
    assert!(tasks.iter().all(|task| task.attempt == 2 && task.error == ["the row was not written"]), "{tasks:?}");
    assert_eq!(shaky.0.load(SeqCst), 2);
    finish(engine).await;
}
