//! Several that write one key.

use futures::future::join_all;
use stagemark::ports::{ArtifactError, Artifacts};

use crate::{PART_BYTES, get, in_a_folder_of_its_own};

const WRITERS: u8 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_must_be_first_one_is() {
    let artifacts = in_a_folder_of_its_own().await;
    for len in [1_000, PART_BYTES + 1] {
        let key = format!("a/{len}");
        let writes = (0..WRITERS).map(|writer| {
            let (artifacts, key) = (artifacts.clone(), key.clone());
            tokio::spawn(async move {
                let mut sink = artifacts.write_new(&key).unwrap();
                sink.write(vec![writer; len].into()).await.unwrap();
                sink.finish().await.map(|_| writer)
            })
        });

        let ends: Vec<_> = join_all(writes).await.into_iter().map(Result::unwrap).collect();

        let (winners, losers): (Vec<_>, Vec<_>) = ends.into_iter().partition(Result::is_ok);
        assert!(losers.iter().all(|end| matches!(end, Err(ArtifactError::Exists { .. }))), "{losers:?}");
        assert_eq!(winners.len(), 1, "{len}: {winners:?}");
        assert!(get(&artifacts, &key).await.unwrap() == vec![*winners[0].as_ref().unwrap(); len]);
    }
    assert_eq!(artifacts.count_uploads().await.unwrap(), 0, "those that lost leave nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_replace_one_is_seen_whole() {
    let artifacts = in_a_folder_of_its_own().await;
    let writes = (0..WRITERS).map(|writer| {
        let artifacts = artifacts.clone();
        tokio::spawn(async move {
            let mut sink = artifacts.write("a/b").await.unwrap();
            sink.write(vec![writer; PART_BYTES + 1].into()).await.unwrap();
            sink.finish().await.unwrap()
        })
    });

    join_all(writes).await;

    let read = get(&artifacts, "a/b").await.unwrap();
    assert!(read.len() == PART_BYTES + 1 && read.iter().all(|byte| *byte == read[0]));
}
