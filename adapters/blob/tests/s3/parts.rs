//! Objects of several parts.

use std::time::Duration;

use futures::StreamExt;
use stagemark::ports::{ArtifactError, Artifacts};

use crate::{PART_BYTES, get, in_a_folder_of_its_own, noise, put};

#[tokio::test]
async fn objects_of_any_number_of_parts_come_back_as_they_were_written() {
    let artifacts = in_a_folder_of_its_own().await;
    for len in [PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES, 3 * PART_BYTES + 1] {
        let bytes = noise(len);

        assert_eq!(put(&artifacts, "a/b", bytes.clone()).await.unwrap(), len as u64);

        assert_eq!(artifacts.size_bytes("a/b").await.unwrap(), Some(len as u64));
        assert!(get(&artifacts, "a/b").await.unwrap() == bytes, "{len}");
    }
    assert_eq!(artifacts.abort_stale_uploads(Duration::ZERO).await.unwrap(), 0);
}

#[tokio::test]
async fn pieces_of_any_size_make_the_same_object() {
    let artifacts = in_a_folder_of_its_own().await;
    let bytes = noise(2 * PART_BYTES + 100);
    let mut sink = artifacts.write("a/b").await.unwrap();
    let mut rest = bytes.clone();
    for size in [1, 0, 10, 70_000, 3, PART_BYTES, 65_536].into_iter().cycle() {
        sink.write(rest.split_to(size.min(rest.len()))).await.unwrap();
        if rest.is_empty() {
            break;
        }
    }

    sink.finish().await.unwrap();

    assert!(get(&artifacts, "a/b").await.unwrap() == bytes);
}

#[tokio::test]
async fn an_upload_that_is_given_up_is_removed() {
    let artifacts = in_a_folder_of_its_own().await;
    let mut sink = artifacts.write("a/b").await.unwrap();
    sink.write(noise(3 * PART_BYTES)).await.unwrap();

    drop(sink);

    // It is removed in the background; what is not is found here, and by then there is none.
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while artifacts.count_uploads().await.unwrap() > 0 {
        assert!(std::time::Instant::now() < deadline, "the upload stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(artifacts.list("").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_object_that_is_replaced_while_it_is_read_is_never_mixed() {
    let artifacts = in_a_folder_of_its_own().await;
    let (first, second) = (noise(6 * PART_BYTES), vec![7; 6 * PART_BYTES]);
    put(&artifacts, "a/b", first.clone()).await.unwrap();
    let mut reading = artifacts.read("a/b").await.unwrap();
    let mut read = reading.next().await.unwrap().unwrap().to_vec();

    put(&artifacts, "a/b", second.into()).await.unwrap();

    let ended = loop {
        match reading.next().await {
            Some(Ok(piece)) => read.extend_from_slice(&piece),
            ended => break ended,
        }
    };
    assert!(first.starts_with(&read), "the reader met another object");
    assert!(matches!(ended, Some(Err(ArtifactError::Store { .. }))) || read.len() == first.len(), "{ended:?}");
}

#[tokio::test]
async fn a_range_of_several_parts_comes_back_as_it_was_written() {
    let artifacts = in_a_folder_of_its_own().await;
    let bytes = noise(3 * PART_BYTES + 1);
    put(&artifacts, "a/b", bytes.clone()).await.unwrap();

    let opened = artifacts.open("a/b").await.unwrap();

    for range in [0..bytes.len(), 100..2 * PART_BYTES + 101, PART_BYTES - 1..PART_BYTES + 1] {
        let found = opened.read(range.start as u64..range.end as u64).await.unwrap();
        assert!(found == bytes[range.clone()], "{range:?}");
    }
}

#[tokio::test]
async fn a_range_of_what_was_replaced_by_as_many_bytes_is_refused() {
    let artifacts = in_a_folder_of_its_own().await;
    put(&artifacts, "a/b", noise(100_000)).await.unwrap();
    let opened = artifacts.open("a/b").await.unwrap();

    put(&artifacts, "a/b", vec![7; 100_000].into()).await.unwrap();

    let refused = opened.read(10..20).await.unwrap_err();
    assert!(matches!(refused, ArtifactError::Store { .. }), "{refused:?}");
}
