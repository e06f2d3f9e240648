//! The collector, on a bucket and on a folder.

use std::time::Duration;

use stagemark::{Collector, MemoryStore, RunId, ports::Artifacts};
use stagemark_blob::LocalArtifacts;

use crate::{in_a_folder_of_its_own, noise, put};

/// Puts an object of a run that no store knows, and one of nobody's; the first is collected.
async fn collects(artifacts: impl Artifacts + Clone + 'static) {
    put(&artifacts, &format!("runs/{}/1-trim/0/1/out put.mp4", RunId::new()), noise(10)).await.unwrap();
    put(&artifacts, "uploads/in.mp4", noise(10)).await.unwrap();
    let collector = Collector::new(MemoryStore::new(), artifacts.clone()).grace(Duration::ZERO).with_forgotten_runs();

    assert_eq!(collector.find().await.unwrap(), collector.collect().await.unwrap());

    assert_eq!(artifacts.list("").await.unwrap(), ["uploads/in.mp4"]);
}

#[tokio::test]
async fn garbage_in_a_bucket_is_collected() {
    collects(in_a_folder_of_its_own().await).await;
}

#[tokio::test]
async fn garbage_in_a_folder_is_collected() {
    let folder = tempfile::tempdir().unwrap();
    collects(LocalArtifacts::open(folder.path()).unwrap()).await;
}
