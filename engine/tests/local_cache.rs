//! What a worker has read or written is on its own disk for the next step of the run, and no more of it than it may have.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use stagemark::{
    Artifact, Engine, MemoryArtifacts, MemoryStore, Name, StepError, Workflow, from_fn,
    ports::{ArtifactError, ArtifactRanges, ArtifactSink, Artifacts},
};

const COPY: Workflow<Artifact, (usize, usize)> = Workflow::new("copy");
const MAKE: Workflow<Vec<u32>, Vec<usize>> = Workflow::new("make");
const HALF: Workflow<Artifact, usize> = Workflow::new("half");
const GIVE: Workflow<usize, usize> = Workflow::new("give");
const KILOBYTE: usize = 1000;

/// Counts how many objects are read.
#[derive(Clone, Debug, Default)]
struct Counted {
    inner: MemoryArtifacts,
    reads: Arc<AtomicUsize>,
}

impl Counted {
    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// An object that somebody else has put there.
    async fn upload(&self, key: &str, byte: u8, size_bytes: usize) -> Artifact {
        let mut sink = self.inner.write(key).await.unwrap();
        sink.write(vec![byte; size_bytes].into()).await.unwrap();
        Artifact::new(key, sink.finish().await.unwrap())
    }
}

#[async_trait]
impl Artifacts for Counted {
    async fn write(&self, key: &str) -> Result<Box<dyn ArtifactSink>, ArtifactError> {
        self.inner.write(key).await
    }

    async fn read(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ArtifactError>>, ArtifactError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.inner.read(key).await
    }

    async fn open(&self, key: &str) -> Result<Box<dyn ArtifactRanges>, ArtifactError> {
        self.inner.open(key).await
    }

    async fn size_bytes(&self, key: &str) -> Result<Option<u64>, ArtifactError> {
        self.inner.size_bytes(key).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ArtifactError> {
        self.inner.list(folder).await
    }

    async fn delete(&self, key: &str) -> Result<(), ArtifactError> {
        self.inner.delete(key).await
    }
}

/// How many bytes an artifact has, read to its end.
async fn read(attempt: &stagemark::Attempt, artifact: &Artifact) -> Result<usize, StepError> {
    let (mut parts, mut bytes) = (attempt.get(artifact).await?, 0);
    while let Some(part) = parts.next().await {
        bytes += part?.len();
    }
    Ok(bytes)
}

/// An engine whose worker keeps up to so many bytes.
async fn engine(artifacts: &Counted, scratch: &Path, bytes_max: usize) -> Engine {
    let look = |name| {
        from_fn(Name::new(name), async |attempt, (artifact, before): (Artifact, usize)| {
            Ok((artifact.clone(), before + read(&attempt, &artifact).await?))
        })
    };
    let first = from_fn(Name::new("first"), async |attempt, artifact: Artifact| {
        let bytes = read(&attempt, &artifact).await?;
        Ok((attempt.put("copy", vec![1; bytes]).await?, bytes))
    });
    let last = from_fn(Name::new("last"), async |_, (_, bytes): (Artifact, usize)| Ok((bytes, bytes)));
    let copy = COPY.define(|artifact| artifact.then(first).then(look("look")).then(look("look-again")).then(last));
    let put = from_fn(Name::new("put"), async |attempt, sizes: Vec<u32>| {
        let mut made = Vec::new();
        for (number, size) in (0_u8..).zip(sizes) {
            made.push(attempt.put(&number.to_string(), vec![number; size as usize]).await?);
        }
        Ok(made)
    });
    let get = from_fn(Name::new("get"), async |attempt, made: Vec<Artifact>| {
        let mut sizes = Vec::new();
        for artifact in &made {
            sizes.push(read(&attempt, artifact).await?);
        }
        Ok(sizes)
    });
    let make = MAKE.define(|sizes| sizes.then(put).then(get));
    let half = from_fn(Name::new("half"), async |attempt, artifact: Artifact| {
        // Given up after the first part, or before it.
        let begun = attempt.get(&artifact).await?.next().await.is_some();
        drop(attempt.get(&artifact).await?);
        Ok(read(&attempt, &artifact).await? + usize::from(begun))
    });
    let builder = Engine::builder(MemoryStore::new()).artifacts(artifacts.clone()).scratch(scratch);
    let builder =
        builder.local_cache(bytes_max as u64).serve(copy).serve(make).serve(HALF.define(|one| one.then(half)));
    builder.start().await.unwrap()
}

/// What the worker's folder holds, in bytes.
fn held(scratch: &Path) -> u64 {
    let workers = std::fs::read_dir(scratch).unwrap().map(|entry| entry.unwrap().path().join("artifacts"));
    let files = workers.filter(|folder| folder.exists()).flat_map(|folder| std::fs::read_dir(folder).unwrap());
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn the_next_step_of_a_run_fetches_nothing() {
    let (artifacts, scratch) = (Counted::default(), tempfile::tempdir().unwrap());
    let engine = engine(&artifacts, scratch.path(), 100 * KILOBYTE).await;
    let upload = artifacts.upload("uploads/1", 0, 10 * KILOBYTE).await;

    let bytes = engine.submit(COPY, upload).await.unwrap().result().await.unwrap();

    assert_eq!(bytes, (30 * KILOBYTE, 30 * KILOBYTE));
    assert_eq!(artifacts.reads(), 1, "the upload once, and the copy not at all");
}

#[tokio::test]
async fn a_file_that_is_given_away_stays_on_the_worker_alone() {
    let (artifacts, scratch) = (Counted::default(), tempfile::tempdir().unwrap());
    let give = from_fn(Name::new("give"), async |attempt, bytes: usize| {
        let (scratch, content) = (attempt.scratch().await?, vec![5; bytes]);
        let file = scratch.file("made");
        std::fs::write(&file, &content)?;
        let given = attempt.give_file("made", &file).await?;
        let put = attempt.put("again", content).await?;
        Ok((given.clone(), given.digest == put.digest && !file.exists()))
    });
    let look = from_fn(Name::new("look"), async |attempt, (given, is_whole): (Artifact, bool)| {
        Ok(read(&attempt, &given).await? * usize::from(is_whole))
    });
    let builder = Engine::builder(MemoryStore::new()).artifacts(artifacts.clone()).scratch(scratch.path());
    let builder = builder.local_cache(2000 * KILOBYTE as u64).serve(GIVE.define(|bytes| bytes.then(give).then(look)));
    let engine = builder.start().await.unwrap();

    let bytes = engine.submit(GIVE, 600 * KILOBYTE).await.unwrap().result().await.unwrap();

    assert_eq!((bytes, artifacts.reads()), (600 * KILOBYTE, 0));
}

#[tokio::test]
async fn without_a_cache_each_step_fetches() {
    let (artifacts, scratch) = (Counted::default(), tempfile::tempdir().unwrap());
    let engine = engine(&artifacts, scratch.path(), 0).await;
    let upload = artifacts.upload("uploads/1", 0, 10 * KILOBYTE).await;

    engine.submit(COPY, upload).await.unwrap().result().await.unwrap();

    assert_eq!((artifacts.reads(), held(scratch.path())), (3, 0));
}

#[tokio::test]
async fn what_another_run_found_under_a_key_is_not_believed() {
    let (artifacts, scratch) = (Counted::default(), tempfile::tempdir().unwrap());
    let engine = engine(&artifacts, scratch.path(), 100 * KILOBYTE).await;
    let upload = artifacts.upload("uploads/1", 0, KILOBYTE).await;
    engine.submit(COPY, upload.clone()).await.unwrap().result().await.unwrap();

    artifacts.upload("uploads/1", 7, KILOBYTE).await;
    engine.submit(COPY, upload).await.unwrap().result().await.unwrap();

    assert_eq!(artifacts.reads(), 2);
}

#[tokio::test]
async fn what_has_one_digest_is_fetched_once_by_all_runs() {
    let (artifacts, scratch) = (Counted::default(), tempfile::tempdir().unwrap());
    let engine = engine(&artifacts, scratch.path(), 100 * KILOBYTE).await;
    let file = scratch.path().join("file");
    std::fs::write(&file, vec![3; KILOBYTE]).unwrap();
    let [one, other] =
        [engine.import("uploads/1", &file).await.unwrap(), engine.import("uploads/2", &file).await.unwrap()];

    engine.submit(COPY, one).await.unwrap().result().await.unwrap();
    engine.submit(COPY, other).await.unwrap().result().await.unwrap();

    assert_eq!(artifacts.reads(), 1);
}

#[tokio::test]
async fn it_never_holds_more_than_it_may() {
    let (artifacts, scratch) = (Counted::default(), tempfile::tempdir().unwrap());
    let engine = engine(&artifacts, scratch.path(), 10 * KILOBYTE).await;

    // The one in the middle takes more than half of it.
    let sizes = engine.submit(MAKE, vec![4000, 6000, 4001]).await.unwrap().result().await.unwrap();
    assert_eq!((sizes, artifacts.reads()), (vec![4000, 6000, 4001], 1));
    assert_eq!(held(scratch.path()), 8001);

    // Those that were not used for the longest time make room: in the end the first of these too.
    let sizes = engine.submit(MAKE, vec![3000, 3001, 3002, 3003]).await.unwrap().result().await.unwrap();
    assert_eq!((sizes, artifacts.reads()), (vec![3000, 3001, 3002, 3003], 5));
    assert_eq!(held(scratch.path()), 3001 + 3002 + 3003);
}

#[tokio::test]
async fn what_was_read_in_part_is_not_kept() {
    let (artifacts, scratch) = (Counted::default(), tempfile::tempdir().unwrap());
    let engine = engine(&artifacts, scratch.path(), 2000 * KILOBYTE).await;
    let upload = artifacts.upload("uploads/1", 0, 700 * KILOBYTE).await;

    let bytes = engine.submit(HALF, upload).await.unwrap().result().await.unwrap();

    assert_eq!((bytes, artifacts.reads()), (700 * KILOBYTE + 1, 3));
    assert_eq!(held(scratch.path()), 700 * KILOBYTE as u64);
}

#[tokio::test]
async fn where_its_folder_is_gone_all_is_fetched() {
    let (artifacts, scratch) = (Counted::default(), tempfile::tempdir().unwrap());
    let engine = engine(&artifacts, scratch.path(), 100 * KILOBYTE).await;
    for worker in std::fs::read_dir(scratch.path()).unwrap() {
        let folder = worker.unwrap().path().join("artifacts");
        if folder.exists() {
            std::fs::remove_dir(folder).unwrap();
        }
    }
    let upload = artifacts.upload("uploads/1", 0, KILOBYTE).await;

    let bytes = engine.submit(COPY, upload).await.unwrap().result().await.unwrap();

    assert_eq!((bytes.0, artifacts.reads()), (3 * KILOBYTE, 3));
}
