//! Uploads in parts that others make: the same on a bucket, by signed URLs, and on a folder.

use std::{str::FromStr, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::{Client, Method, StatusCode};
use stagemark::ports::{ArtifactError, Artifacts};
use stagemark_blob::{
    LocalArtifacts, PartTerms, PartUpload, PartUploads, PartsError, S3Artifacts, SignedUrl, StoredPart,
};

use crate::{PART_BYTES, get, in_a_folder_of_its_own, noise};

const VALID: Duration = Duration::from_mins(5);
const KEY: &str = "uploads/a b.mp4";

/// How a part gets to a store.
#[async_trait]
trait Sender: Artifacts + PartUploads {
    async fn send(&self, upload: &PartUpload, number: u32, bytes: Bytes) -> Result<(), PartsError>;
}

#[async_trait]
impl Sender for S3Artifacts {
    async fn send(&self, upload: &PartUpload, number: u32, bytes: Bytes) -> Result<(), PartsError> {
        let url = self.part_url(upload, terms(number, bytes.len())).await?;
        match put(&url, bytes).await {
            StatusCode::NOT_FOUND => Err(PartsError::NotOpen { key: upload.key.clone() }),
            status => {
                assert_eq!(status, StatusCode::OK);
                Ok(())
            }
        }
    }
}

#[async_trait]
impl Sender for LocalArtifacts {
    async fn send(&self, upload: &PartUpload, number: u32, bytes: Bytes) -> Result<(), PartsError> {
        let mut part = self.write_part(upload, number).await?;
        for piece in bytes.chunks(100_000) {
            part.write(piece).await?;
        }
        part.finish().await.map(drop)
    }
}

fn terms(number: u32, size: usize) -> PartTerms {
    PartTerms { number, size_bytes: size as u64, valid: VALID }
}

async fn put(url: &SignedUrl, bytes: Bytes) -> StatusCode {
    Client::new().put(url.reveal()).body(bytes).send().await.unwrap().status()
}

/// An object, and the sizes of its parts.
fn object() -> (Bytes, [u64; 3]) {
    let part = PART_BYTES as u64;
    (noise(2 * PART_BYTES + 1_000), [part, part, 1_000])
}

async fn send_all(store: &dyn Sender, upload: &PartUpload, numbers: &[u32]) -> Result<(), PartsError> {
    let (bytes, sizes) = object();
    for &number in numbers {
        let at = (number as usize - 1) * PART_BYTES;
        let len = usize::try_from(sizes[number as usize - 1]).unwrap();
        store.send(upload, number, bytes.slice(at..at + len)).await?;
    }
    Ok(())
}

async fn parts_in_any_order_become_the_object(store: &dyn Sender) {
    let ((bytes, sizes), upload) = (object(), store.begin(KEY, "video/mp4").await.unwrap());
    send_all(store, &upload, &[3, 1, 2, 1]).await.unwrap();
    assert!(store.list("").await.unwrap().is_empty());

    let size_bytes = store.complete(&upload, &sizes).await.unwrap();

    assert_eq!(size_bytes, bytes.len() as u64);
    assert_eq!(store.list("").await.unwrap(), [KEY]);
    assert!(get(store, KEY).await.unwrap() == bytes);
}

async fn what_is_stored_is_listed(store: &dyn Sender) {
    let upload = store.begin(KEY, "video/mp4").await.unwrap();
    assert!(store.stored(&upload).await.unwrap().is_empty());

    send_all(store, &upload, &[3, 1]).await.unwrap();

    let part = PART_BYTES as u64;
    let listed = [StoredPart { number: 1, size_bytes: part }, StoredPart { number: 3, size_bytes: 1_000 }];
    assert_eq!(store.stored(&upload).await.unwrap(), listed);
}

async fn what_is_missing_is_named_and_can_be_sent(store: &dyn Sender) {
    let (_, sizes) = object();
    let upload = store.begin(KEY, "video/mp4").await.unwrap();
    send_all(store, &upload, &[1, 3]).await.unwrap();

    let missing = store.complete(&upload, &sizes).await.unwrap_err();
    let shorter = store.complete(&upload, &[sizes[0], 10, 999]).await.unwrap_err();
    let fewer = store.complete(&upload, &sizes[..1]).await.unwrap_err();
    send_all(store, &upload, &[2]).await.unwrap();

    assert!(matches!(missing, PartsError::Incomplete { numbers, .. } if numbers == [2]));
    assert!(matches!(shorter, PartsError::Incomplete { numbers, .. } if numbers == [2, 3]));
    assert!(matches!(fewer, PartsError::Incomplete { numbers, .. } if numbers == [3]));
    store.complete(&upload, &sizes).await.unwrap();
}

async fn completing_again_says_the_same(store: &dyn Sender) {
    let (_, sizes) = object();
    let upload = store.begin(KEY, "video/mp4").await.unwrap();
    send_all(store, &upload, &[1, 2, 3]).await.unwrap();

    let together = tokio::join!(store.complete(&upload, &sizes), store.complete(&upload, &sizes));
    let later = store.complete(&upload, &sizes).await.unwrap();

    assert_eq!((together.0.unwrap(), together.1.unwrap()), (later, later));
}

async fn what_was_aborted_is_gone(store: &dyn Sender) {
    let (_, sizes) = object();
    let upload = store.begin(KEY, "video/mp4").await.unwrap();
    send_all(store, &upload, &[1, 2, 3]).await.unwrap();

    store.abort(&upload).await.unwrap();
    store.abort(&upload).await.unwrap();

    assert!(matches!(store.stored(&upload).await, Err(PartsError::NotOpen { .. })));
    assert!(matches!(send_all(store, &upload, &[1]).await, Err(PartsError::NotOpen { .. })));
    assert!(matches!(store.complete(&upload, &sizes).await, Err(PartsError::NotOpen { .. })));
    assert!(store.list("").await.unwrap().is_empty());
}

async fn a_part_after_the_end_changes_nothing(store: &dyn Sender) {
    let ((bytes, sizes), upload) = (object(), store.begin(KEY, "video/mp4").await.unwrap());
    send_all(store, &upload, &[1, 2, 3]).await.unwrap();
    store.complete(&upload, &sizes).await.unwrap();

    let late = store.send(&upload, 3, Bytes::from(vec![0; 1_000])).await;

    assert!(matches!(late, Err(PartsError::NotOpen { .. })), "{late:?}");
    assert!(get(store, KEY).await.unwrap() == bytes);
}

async fn what_is_stale_is_aborted_and_what_is_not_is_left(store: &dyn Sender) {
    let upload = store.begin(KEY, "video/mp4").await.unwrap();
    send_all(store, &upload, &[1]).await.unwrap();

    assert_eq!(store.abort_stale(Duration::from_hours(1)).await.unwrap(), 0);
    assert_eq!(store.stored(&upload).await.unwrap().len(), 1);
    assert_eq!(store.abort_stale(Duration::ZERO).await.unwrap(), 1);

    assert!(matches!(store.stored(&upload).await, Err(PartsError::NotOpen { .. })));
    assert_eq!(store.abort_stale(Duration::ZERO).await.unwrap(), 0);
}

async fn what_cannot_be_is_refused(store: &dyn Sender) {
    let upload = store.begin(KEY, "video/mp4").await.unwrap();
    for number in [0, 10_001] {
        let refused = store.send(&upload, number, Bytes::from_static(b"x")).await;
        assert!(matches!(refused, Err(PartsError::BadNumber { .. })));
    }
    let bad_key = store.begin("../x", "video/mp4").await;
    assert!(matches!(bad_key, Err(PartsError::Artifacts(ArtifactError::BadKey { .. }))));
    for id in ["../objects", "", "0197f7a4-0000-7000-8000-000000000000"] {
        let unknown = PartUpload { id: id.to_owned(), ..upload.clone() };
        assert!(store.complete(&unknown, &[1]).await.is_err(), "{id}");
    }
    assert!(store.complete(&upload, &[]).await.is_err());
}

macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod in_a_bucket {
            $(#[tokio::test] async fn $case() { super::$case(&crate::in_a_folder_of_its_own().await).await; })*
        }
        mod in_a_folder {
            $(#[tokio::test] async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                super::$case(&super::LocalArtifacts::open(folder.path()).unwrap()).await;
            })*
        }
    };
}

on_both!(
    parts_in_any_order_become_the_object,
    what_is_stored_is_listed,
    what_is_missing_is_named_and_can_be_sent,
    completing_again_says_the_same,
    what_was_aborted_is_gone,
    a_part_after_the_end_changes_nothing,
    what_is_stale_is_aborted_and_what_is_not_is_left,
    what_cannot_be_is_refused,
);

#[tokio::test]
async fn parts_in_a_folder_outlive_the_process() {
    let ((bytes, sizes), folder) = (object(), tempfile::tempdir().unwrap());
    let before = LocalArtifacts::open(folder.path()).unwrap();
    let upload = before.begin(KEY, "video/mp4").await.unwrap();
    send_all(&before, &upload, &[1, 2]).await.unwrap();
    drop(before);

    let after = LocalArtifacts::open(folder.path()).unwrap();
    send_all(&after, &upload, &[3]).await.unwrap();
    after.complete(&upload, &sizes).await.unwrap();

    assert!(get(&after, KEY).await.unwrap() == bytes);
    assert_eq!(std::fs::read_dir(folder.path().join("parts")).unwrap().count(), 0);
}

#[tokio::test]
async fn the_url_of_a_part_is_for_its_length_alone() {
    let store = in_a_folder_of_its_own().await;
    let upload = store.begin(KEY, "video/mp4").await.unwrap();
    let url = store.part_url(&upload, terms(1, 1_000)).await.unwrap();

    assert_eq!(put(&url, noise(1_001)).await, StatusCode::FORBIDDEN);
    assert_eq!(put(&url, noise(999)).await, StatusCode::FORBIDDEN);
    assert!(store.stored(&upload).await.unwrap().is_empty());
    assert_eq!(put(&url, noise(1_000)).await, StatusCode::OK);
}

#[tokio::test]
async fn the_url_of_a_part_is_for_its_method_alone() {
    let store = in_a_folder_of_its_own().await;
    let upload = store.begin(KEY, "video/mp4").await.unwrap();
    let url = store.part_url(&upload, terms(1, 1_000)).await.unwrap();

    for method in ["GET", "DELETE", "POST", "HEAD"] {
        let sent = Client::new().request(Method::from_str(method).unwrap(), url.reveal()).body(noise(1_000));
        assert_eq!(sent.send().await.unwrap().status(), StatusCode::FORBIDDEN, "{method}");
    }
    assert!(store.stored(&upload).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_url_of_a_part_is_for_its_part_of_its_object_alone() {
    let store = in_a_folder_of_its_own().await;
    let (upload, other) =
        (store.begin(KEY, "video/mp4").await.unwrap(), store.begin("uploads/other", "video/mp4").await.unwrap());
    let url = store.part_url(&upload, terms(1, 1_000)).await.unwrap();
    let changed = [("partNumber=1", "partNumber=2"), (upload.id.as_str(), other.id.as_str()), ("a%20b.mp4", "other")];

    for (is, becomes) in changed {
        assert!(url.reveal().contains(is), "{is}");
        let sent = Client::new().put(url.reveal().replace(is, becomes)).body(noise(1_000));
        assert_eq!(sent.send().await.unwrap().status(), StatusCode::FORBIDDEN, "{becomes}");
    }
    assert!(store.stored(&upload).await.unwrap().is_empty());
    assert!(store.stored(&other).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_url_of_a_part_is_for_its_time_alone() {
    let store = in_a_folder_of_its_own().await;
    let upload = store.begin(KEY, "video/mp4").await.unwrap();
    let terms = PartTerms { valid: Duration::from_secs(1), ..terms(1, 1_000) };
    let url = store.part_url(&upload, terms).await.unwrap();

    // The time is counted by the store's clock; a URL is not known to be too old but by its refusal.
    let refused = async {
        while put(&url, noise(1_000)).await != StatusCode::FORBIDDEN {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), refused).await.unwrap();

    let longer = url.reveal().replace("X-Amz-Expires=1&", "X-Amz-Expires=100&");
    assert_eq!(Client::new().put(longer).body(noise(1_000)).send().await.unwrap().status(), StatusCode::FORBIDDEN);
}
