//! Artifacts of results: they count by their content, and what is gone is not taken.

use std::{sync::Arc, time::Duration};

use stagemark::{
    Artifact, Attempt, Collector, Engine, MemoryArtifacts, MemoryStore, Name, Reuse, RunId, Step, StepError, Timestamp,
    WorkerId, Workflow,
    ports::{Artifacts, Change, KeptResult, Maker, NewRun, ResultKey, Results, Store, TaskId, Write},
};

use crate::fixture::{Desk, builder, finish, reused, soon};

const COPY: Workflow<Artifact, Artifact> = Workflow::new("copy");

/// Copies an artifact.
struct Copy(Arc<Desk>);

impl Step for Copy {
    const NAME: Name = Name::new("copy");
    type Input = Artifact;
    type Output = Artifact;

    async fn run(&self, attempt: &Attempt, from: Artifact) -> Result<Artifact, StepError> {
        self.0.note();
        let scratch = attempt.scratch().await?;
        attempt.fetch(&from, &scratch.file("copy")).await?;
        Ok(attempt.put_file("copy", &scratch.file("copy")).await?)
    }
}

struct Shop {
    desk: Arc<Desk>,
    store: MemoryStore,
    artifacts: MemoryArtifacts,
    engine: Engine,
}

impl Shop {
    async fn open() -> Self {
        let (desk, store, artifacts) = (Desk::with([]), MemoryStore::new(), MemoryArtifacts::new());
        let copy = COPY.define(|file| file.then(Copy(Arc::clone(&desk)).reuse(Reuse::version(1))));
        let engine = builder(store.clone()).artifacts(artifacts.clone()).serve(copy).start().await.unwrap();
        Self { desk, store, artifacts, engine }
    }

    /// Uploads a text under a key.
    async fn upload(&self, key: &str, text: &str) -> Artifact {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("upload");
        std::fs::write(&file, text).unwrap();
        self.engine.import(key, &file).await.unwrap()
    }

    /// Copies an upload; gives the copy, and whether it was taken.
    async fn copy(&self, upload: &Artifact) -> (Artifact, bool) {
        let run = self.engine.submit(COPY, upload.clone()).await.unwrap();
        let copy = soon(run.result()).await.unwrap();
        (copy, reused(&run).await[0])
    }
}

#[tokio::test]
async fn an_upload_of_the_same_content_takes_the_result() {
    let shop = Shop::open().await;
    let (one, other) = (shop.upload("uploads/1", "hello").await, shop.upload("uploads/2", "hello").await);
    let (copy, was_taken) = shop.copy(&one).await;
    assert!(!was_taken);

    assert_eq!(shop.copy(&other).await, (copy.clone(), true));

    assert_eq!((copy.size_bytes, copy.digest), (5, one.digest));
    assert_eq!(shop.desk.calls(), 1);
    finish(shop.engine).await;
}

#[tokio::test]
async fn an_upload_of_other_content_under_the_same_key_does_not() {
    let shop = Shop::open().await;
    let first = shop.copy(&shop.upload("uploads/1", "hello").await).await;

    let second = shop.copy(&shop.upload("uploads/1", "world").await).await;

    assert!(!second.1 && second.0.digest != first.0.digest);
    finish(shop.engine).await;
}

#[tokio::test]
async fn an_upload_of_unknown_content_takes_what_was_made_of_its_own_key_alone() {
    let shop = Shop::open().await;
    shop.upload("uploads/1", "hello").await;
    shop.upload("uploads/2", "hello").await;
    let (one, other) = (Artifact::new("uploads/1", 5), Artifact::new("uploads/2", 5));

    let mut taken = Vec::new();
    for upload in [&one, &one, &other] {
        taken.push(shop.copy(upload).await.1);
    }

    assert_eq!(taken, [false, true, false]);
    finish(shop.engine).await;
}

#[tokio::test]
async fn a_result_whose_artifact_is_gone_is_made_anew_and_replaced() {
    let shop = Shop::open().await;
    let upload = shop.upload("uploads/1", "hello").await;
    let (lost, _) = shop.copy(&upload).await;
    shop.artifacts.delete(&lost.key).await.unwrap();

    let (second, was_taken) = shop.copy(&upload).await;

    assert!(!was_taken && second.key != lost.key);
    assert_eq!(shop.copy(&upload).await, (second, true));
    assert_eq!(shop.desk.calls(), 2);
    finish(shop.engine).await;
}

#[tokio::test]
async fn what_a_result_names_is_not_collected_whatever_becomes_of_its_run() {
    let shop = Shop::open().await;
    let upload = shop.upload("uploads/1", "hello").await;
    // Kept by one store, and made by a run that another one knows.
    let (copy, _) = shop.copy(&upload).await;
    let other = MemoryStore::new();
    let collector =
        || Collector::new(other.clone(), shop.artifacts.clone()).grace(Duration::ZERO).with_forgotten_runs();
    assert_eq!(collector().find().await.unwrap().keys, std::slice::from_ref(&copy.key));

    keep(&other, &serde_json::to_string(&copy).unwrap(), Timestamp(1)).await;

    assert_eq!(collector().collect().await.unwrap().keys, Vec::<String>::new());
    other.expire(Timestamp(2), 10).await.unwrap();
    assert_eq!(collector().collect().await.unwrap().keys, [copy.key]);
    finish(shop.engine).await;
}

/// Keeps a result as a run would that ended long ago.
async fn keep(store: &MemoryStore, output: &str, until: Timestamp) {
    let (run, worker) = (RunId::new(), WorkerId(1));
    let maker = Maker { run, task: TaskId::of(1), worker };
    let result = KeptResult { key: ResultKey([1; 32]), step: "copy".into(), maker, output: output.into(), until };
    let submitted = NewRun {
        id: run,
        workflow: "copy".into(),
        version: 1,
        key: None,
        input: "null".into(),
        width: None,
        priority: stagemark::Priority::Normal,
        trace: None,
        submitted: until,
        status: stagemark::Status::Running,
        holder: Some(worker),
        queue: vec![],
        outbox: vec![],
    };
    let (markers, companions, results) = (vec![], vec![], vec![result]);
    let ended = stagemark::ports::RunRow {
        status: stagemark::Status::Ready,
        holder: None,
        queue: vec![],
        outbox: vec![],
        error: None,
        ended: Some(until),
    };
    let change = Change { run, revision: 0, row: Some(ended), markers, companions, results };
    store.write(&[Write::Submit(submitted)]).await.unwrap();
    store.write(&[Write::Change(change)]).await.unwrap();
}

#[tokio::test]
async fn results_that_are_over_are_removed_by_whoever_keeps_some() {
    let shop = Shop::open().await;
    keep(&shop.store, "null", Timestamp(1)).await;
    assert_eq!(shop.store.outputs().await.unwrap().len(), 1);

    // Another one that starts: the first has looked already, or looks again much later.
    let copy = COPY.define(|file| file.then(Copy(Arc::clone(&shop.desk)).reuse(Reuse::version(1))));
    let engine = builder(shop.store.clone()).serve(copy).start().await.unwrap();

    soon(async {
        while !shop.store.outputs().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    finish(engine).await;
    finish(shop.engine).await;
}
