//! A store that fails, is slow, loses answers and returns other bytes.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use stagemark::ports::{ArtifactError, Artifacts};
use stagemark_blob::S3Artifacts;

use crate::{
    PART_BYTES, get, noise, options_of,
    proxy::{Fate, Proxy},
    put, shared,
};

/// A store behind a proxy, with the switch that lets the proxy do its worst.
struct Behind {
    artifacts: S3Artifacts,
    is_on: Arc<AtomicBool>,
    _proxy: Proxy,
}

impl Behind {
    async fn proxy(mut rule: impl FnMut(&str) -> Fate + Send + 'static) -> Self {
        let mut address = shared().await;
        let is_on = Arc::new(AtomicBool::new(false));
        let switch = Arc::clone(&is_on);
        let judge = move |line: &str| if switch.load(Ordering::SeqCst) { rule(line) } else { Fate::Pass };
        let proxy = Proxy::before(&address.endpoint, judge).await;
        address.endpoint = proxy.url();
        let options = options_of(&address).request_timeout(Duration::from_secs(2)).patience(Duration::from_secs(20));
        Self { artifacts: S3Artifacts::open(options).await.unwrap(), is_on, _proxy: proxy }
    }

    fn turn_on(&self) {
        self.is_on.store(true, Ordering::SeqCst);
    }
}

/// Does this to the first tries of each request, and lets the next ones pass.
fn at_first(tries: u32, fate: Fate) -> impl FnMut(&str) -> Fate + Send {
    let mut seen = HashMap::new();
    move |line| {
        // A signature differs each time.
        let request: Vec<&str> = line.split(['?', '&']).filter(|part| !part.starts_with("X-Amz-")).collect();
        let count = seen.entry(request.join("&")).or_insert(0);
        *count += 1;
        if *count <= tries { fate } else { Fate::Pass }
    }
}

async fn goes_through(fate: Fate) {
    let behind = Behind::proxy(at_first(2, fate)).await;
    let bytes = noise(2 * PART_BYTES + 7);
    behind.turn_on();

    assert_eq!(put(&behind.artifacts, "a/b", bytes.clone()).await.unwrap(), bytes.len() as u64);

    assert!(get(&behind.artifacts, "a/b").await.unwrap() == bytes);
    assert_eq!(behind.artifacts.list("").await.unwrap(), ["a/b"]);
}

#[tokio::test]
async fn requests_that_fail_are_tried_again() {
    goes_through(Fate::Refuse(500)).await;
}

#[tokio::test]
async fn requests_that_the_store_has_no_time_for_are_tried_again() {
    goes_through(Fate::Refuse(503)).await;
}

#[tokio::test]
async fn requests_that_take_too_long_are_tried_again() {
    goes_through(Fate::Delay(Duration::from_secs(3))).await;
}

#[tokio::test]
async fn a_store_that_fails_for_good_is_an_error_and_leaves_nothing() {
    let behind = Behind::proxy(|line| if line.contains("uploadId") { Fate::Refuse(503) } else { Fate::Pass }).await;
    behind.turn_on();

    let failed = put(&behind.artifacts, "a/b", noise(2 * PART_BYTES)).await;

    assert!(matches!(failed, Err(ArtifactError::Store { .. })), "{failed:?}");
    assert!(behind.artifacts.list("").await.unwrap().is_empty());
}

/// Loses the first answer to what makes the object: a PUT of all of it, or the POST that joins its parts.
fn lose_the_last_answer() -> impl FnMut(&str) -> Fate + Send {
    let mut lose = at_first(1, Fate::Lose);
    move |line| {
        let is_last = line.starts_with("PUT") && !line.contains("partNumber")
            || line.starts_with("POST") && line.contains("uploadId");
        if is_last { lose(line.split('?').next().unwrap_or_default()) } else { Fate::Pass }
    }
}

#[tokio::test]
async fn what_was_done_is_done_though_its_answer_is_lost() {
    for len in [1_000, PART_BYTES + 1] {
        let behind = Behind::proxy(lose_the_last_answer()).await;
        let bytes = noise(len);
        behind.turn_on();

        assert_eq!(put(&behind.artifacts, "a/b", bytes.clone()).await.unwrap(), len as u64);

        assert!(get(&behind.artifacts, "a/b").await.unwrap() == bytes);
    }
}

#[tokio::test]
async fn the_first_of_a_key_knows_itself_though_its_answer_is_lost() {
    for len in [1_000, PART_BYTES + 1] {
        let behind = Behind::proxy(lose_the_last_answer()).await;
        behind.turn_on();

        let mut sink = behind.artifacts.write_new("a/b").unwrap();
        sink.write(noise(len)).await.unwrap();
        assert_eq!(sink.finish().await.unwrap(), len as u64);
        let mut late = behind.artifacts.write_new("a/b").unwrap();
        late.write(noise(len)).await.unwrap();
        let late = late.finish().await;

        assert!(matches!(late, Err(ArtifactError::Exists { .. })), "{late:?}");
    }
}

#[tokio::test]
async fn bytes_that_are_not_those_that_were_written_are_told() {
    for len in [1, 1_000, PART_BYTES, 2 * PART_BYTES + 1] {
        let behind = Behind::proxy(|line| if line.starts_with("GET") { Fate::Spoil } else { Fate::Pass }).await;
        put(&behind.artifacts, "a/b", noise(len)).await.unwrap();
        behind.turn_on();

        let read = get(&behind.artifacts, "a/b").await;

        assert!(matches!(read, Err(ArtifactError::Corrupt { .. })), "{len}: {:?}", read.map(|bytes| bytes.len()));
    }
}

#[tokio::test]
async fn no_error_shows_a_key_or_a_signature() {
    let secret = shared().await.secret_access_key;
    let behind = Behind::proxy(|_| Fate::Refuse(403)).await;
    behind.turn_on();

    let listed = behind.artifacts.list("").await.unwrap_err();
    let read = get(&behind.artifacts, "a/b").await.unwrap_err();
    let aborted = behind.artifacts.abort_stale_uploads(Duration::ZERO).await.unwrap_err();

    let shown = format!("{listed:?} {read:?} {aborted:?} {:?}", behind.artifacts);
    assert!(!shown.contains(secret.reveal()) && !shown.contains("X-Amz-Signature"), "{shown}");
}
