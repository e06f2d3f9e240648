//! The contract of the port to the artifacts, clause by clause; see [`artifacts_suite!`](crate::artifacts_suite).

use std::{ops::Range, path::PathBuf};

use bytes::Bytes;
use futures::TryStreamExt;
use stagemark::ports::{ArtifactError, Artifacts};
use tempfile::TempDir;

/// Makes one test of each clause of the contract of [`Artifacts`].
///
/// The expression gives an empty store and what must live as long as it does, for example its folder. It is evaluated
/// once a test. The crate that uses it depends on `tokio`, with `macros` and a runtime.
///
/// ```
/// use stagemark::MemoryArtifacts;
///
/// stagemark_conformance::artifacts_suite!((MemoryArtifacts::new(), ()));
/// ```
#[macro_export]
macro_rules! artifacts_suite {
    ($make:expr) => {
        $crate::artifacts_suite!(@each $make;
            what_is_not_finished_is_not_seen,
            what_is_dropped_unfinished_never_was,
            finished_bytes_come_back_as_they_were_written,
            an_object_may_be_empty,
            writing_again_replaces_the_whole_object,
            an_object_stands_until_the_next_is_finished,
            a_reader_meets_one_object_while_another_replaces_it,
            of_two_writers_the_last_to_finish_is_read,
            a_range_has_the_bytes_that_were_written_there,
            a_range_beyond_the_end_is_refused,
            ranges_are_of_one_object_while_another_replaces_it,
            a_linked_file_is_the_object_that_was_opened,
            a_key_that_was_never_finished_is_missing,
            a_folder_lists_its_keys_in_order,
            what_is_deleted_is_gone,
            a_deleted_key_can_be_written_again,
            deleting_what_is_not_there_is_no_error,
            a_key_that_cannot_name_an_object_is_refused,
            odd_keys_are_told_apart,
            a_file_that_is_taken_is_the_object,
            an_object_stands_until_a_taken_file_is_finished,
            a_taken_file_that_is_dropped_never_was,
            what_was_written_to_takes_no_file,
        );
    };
    (@each $make:expr; $($clause:ident,)*) => {
        $(
            #[tokio::test]
            async fn $clause() {
                let (artifacts, _alive) = $make;
                $crate::artifacts::$clause(&artifacts).await;
            }
        )*
    };
}

/// Nothing is visible before `finish`.
pub async fn what_is_not_finished_is_not_seen(artifacts: &impl Artifacts) {
    let mut sink = artifacts.write("a/b").await.unwrap();

    sink.write("hello".into()).await.unwrap();

    assert_absent(artifacts, "a/b").await;
    drop(sink);
}

/// A sink that is dropped leaves nothing.
pub async fn what_is_dropped_unfinished_never_was(artifacts: &impl Artifacts) {
    let mut sink = artifacts.write("a/b").await.unwrap();
    sink.write("hello".into()).await.unwrap();

    drop(sink);

    assert_absent(artifacts, "a/b").await;
}

/// All parts come back, in order, and their size is told.
pub async fn finished_bytes_come_back_as_they_were_written(artifacts: &impl Artifacts) {
    let parts: Vec<Bytes> = [0, 1, 7, 300_000, 0, 1_048_577].into_iter().map(noise).collect();
    let mut sink = artifacts.write("a/b").await.unwrap();
    for part in &parts {
        sink.write(part.clone()).await.unwrap();
    }

    let size = sink.finish().await.unwrap();

    assert_eq!(size, 1_348_585);
    assert_eq!(artifacts.size_bytes("a/b").await.unwrap(), Some(size));
    assert!(read(artifacts, "a/b").await == parts.concat(), "other bytes came back");
}

/// No bytes are an object too.
pub async fn an_object_may_be_empty(artifacts: &impl Artifacts) {
    let size = artifacts.write("empty").await.unwrap().finish().await.unwrap();

    assert_eq!((size, artifacts.size_bytes("empty").await.unwrap()), (0, Some(0)));
    assert_eq!(read(artifacts, "empty").await, b"");
}

/// Nothing of a longer object is left under a shorter one.
pub async fn writing_again_replaces_the_whole_object(artifacts: &impl Artifacts) {
    put(artifacts, "a/b", "a long first object").await;

    put(artifacts, "a/b", "short").await;

    assert_eq!(artifacts.size_bytes("a/b").await.unwrap(), Some(5));
    assert_eq!(read(artifacts, "a/b").await, b"short");
    assert_eq!(artifacts.list("").await.unwrap(), ["a/b"]);
}

/// An object is replaced when the next one is finished, and not before.
pub async fn an_object_stands_until_the_next_is_finished(artifacts: &impl Artifacts) {
    put(artifacts, "a/b", "first").await;

    let mut sink = artifacts.write("a/b").await.unwrap();
    sink.write("second".into()).await.unwrap();

    assert_eq!(read(artifacts, "a/b").await, b"first");
    drop(sink);
    assert_eq!(read(artifacts, "a/b").await, b"first");
}

/// Reading never mixes two objects.
pub async fn a_reader_meets_one_object_while_another_replaces_it(artifacts: &impl Artifacts) {
    let first = noise(1_000_000);
    put(artifacts, "a/b", first.clone()).await;
    let reading = artifacts.read("a/b").await.unwrap();

    put(artifacts, "a/b", "second").await;

    assert!(collect(reading).await == first, "the reader met another object");
}

/// Two that write one key do not disturb each other.
pub async fn of_two_writers_the_last_to_finish_is_read(artifacts: &impl Artifacts) {
    let mut one = artifacts.write("a/b").await.unwrap();
    let mut two = artifacts.write("a/b").await.unwrap();
    for part in ["on", "e"] {
        one.write(part.into()).await.unwrap();
        two.write("two".into()).await.unwrap();
    }

    two.finish().await.unwrap();
    assert_eq!(read(artifacts, "a/b").await, b"twotwo");
    one.finish().await.unwrap();

    assert_eq!(read(artifacts, "a/b").await, b"one");
}

/// Any range comes back, at the beginning, in the middle and at the end, also one of no bytes.
pub async fn a_range_has_the_bytes_that_were_written_there(artifacts: &impl Artifacts) {
    let bytes = noise(300_000);
    put(artifacts, "a/b", bytes.clone()).await;
    put(artifacts, "empty", "").await;

    let opened = artifacts.open("a/b").await.unwrap();
    assert_eq!(opened.size_bytes(), 300_000);
    for range in [0..300_000, 0..1, 299_999..300_000, 7..250_001, 5..5, 300_000..300_000] {
        let expected = bytes.slice(range.start..range.end);
        let found = opened.read(range.start as u64..range.end as u64).await.unwrap();
        assert!(found == expected, "{range:?}");
    }
    assert_eq!(artifacts.open("empty").await.unwrap().read(0..0).await.unwrap(), "");
}

/// Not a byte is made up, and fewer than asked for are an error.
pub async fn a_range_beyond_the_end_is_refused(artifacts: &impl Artifacts) {
    put(artifacts, "a/b", "hello").await;

    let opened = artifacts.open("a/b").await.unwrap();

    let backwards = Range { start: 3, end: 2 };
    for range in [0..6, 5..6, 6..6, 1_000..u64::MAX, backwards] {
        let refused = opened.read(range.clone()).await;
        let told = matches!(refused, Err(ArtifactError::OutOfRange { start, end, size_bytes: 5, .. })
            if start == range.start && end == range.end);
        assert!(told, "{range:?}: {refused:?}");
    }
}

/// What was replaced since it was opened is read on, or refused; what was removed too.
pub async fn ranges_are_of_one_object_while_another_replaces_it(artifacts: &impl Artifacts) {
    let first = noise(100_000);
    for replaced in [true, false] {
        put(artifacts, "a/b", first.clone()).await;
        let opened = artifacts.open("a/b").await.unwrap();
        assert!(opened.read(0..10).await.unwrap() == first[..10]);

        if replaced {
            put(artifacts, "a/b", vec![7; 100_000]).await;
        } else {
            artifacts.delete("a/b").await.unwrap();
        }

        match opened.read(10..50_000).await {
            Ok(bytes) => assert!(bytes == first[10..50_000], "the reader met another object"),
            Err(error) => assert!(matches!(error, ArtifactError::Store { .. }), "{error:?}"),
        }
    }
}

/// Absence is an answer.
pub async fn a_key_that_was_never_finished_is_missing(artifacts: &impl Artifacts) {
    put(artifacts, "a/b", "hello").await;

    for key in ["a", "b", "a/c", "a/b/c"] {
        assert_missing(artifacts, key).await;
    }
}

/// A folder is a part of a key up to a slash.
pub async fn a_folder_lists_its_keys_in_order(artifacts: &impl Artifacts) {
    for key in ["a/c", "a/b/2", "ab", "b", "a/b/10", "a/b-1"] {
        put(artifacts, key, "hello").await;
    }

    assert_eq!(artifacts.list("a").await.unwrap(), ["a/b-1", "a/b/10", "a/b/2", "a/c"]);
    assert_eq!(artifacts.list("a/b").await.unwrap(), ["a/b/10", "a/b/2"]);
    assert_eq!(artifacts.list("").await.unwrap(), ["a/b-1", "a/b/10", "a/b/2", "a/c", "ab", "b"]);
    assert!(artifacts.list("c").await.unwrap().is_empty());
}

/// An object is a file as well, or is not; if it is, then whatever becomes of its key.
pub async fn a_linked_file_is_the_object_that_was_opened(artifacts: &impl Artifacts) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("linked");
    put(artifacts, "a/b", "first").await;
    let opened = artifacts.open("a/b").await.unwrap();
    put(artifacts, "a/b", "another").await;

    let is_linked = opened.link(&file).await.unwrap();

    artifacts.delete("a/b").await.unwrap();
    assert_eq!(std::fs::read(&file).ok(), is_linked.then(|| b"first".to_vec()));
    assert!(!is_linked || !opened.link(&file).await.unwrap(), "there is a file already");
}

/// Of what was deleted nothing is seen, and its neighbours stay.
pub async fn what_is_deleted_is_gone(artifacts: &impl Artifacts) {
    put(artifacts, "a/b", "hello").await;
    put(artifacts, "a/c", "stays").await;

    artifacts.delete("a/b").await.unwrap();

    assert_missing(artifacts, "a/b").await;
    assert_eq!(artifacts.list("a").await.unwrap(), ["a/c"]);
}

/// A key is not used up.
pub async fn a_deleted_key_can_be_written_again(artifacts: &impl Artifacts) {
    put(artifacts, "a/b", "first").await;
    artifacts.delete("a/b").await.unwrap();

    put(artifacts, "a/b", "second").await;

    assert_eq!(read(artifacts, "a/b").await, b"second");
}

/// Deleting twice is as good as once.
pub async fn deleting_what_is_not_there_is_no_error(artifacts: &impl Artifacts) {
    artifacts.delete("a/b").await.unwrap();
}

/// A key that leaves the store, or is none, is refused before anything is written.
pub async fn a_key_that_cannot_name_an_object_is_refused(artifacts: &impl Artifacts) {
    for key in ["", "/", "/etc/passwd", "../x", "a/../../x", "a/..", ".", "a//b", "a/", "a\0b"] {
        let refused = artifacts.write(key).await.err();
        assert!(matches!(refused, Some(ArtifactError::BadKey { .. })), "{key:?}: {refused:?}");
    }
    assert!(artifacts.list("").await.unwrap().is_empty());
}

/// Characters that file systems or stores take for their own are those of another key.
pub async fn odd_keys_are_told_apart(artifacts: &impl Artifacts) {
    let mut keys = ["a b", "a%20b", "a#1", "ñandú/…", "~", "a*?", "..a", "A B", "a\\b", "%2e%2e/x"];
    for key in keys {
        put(artifacts, key, key).await;
    }

    for key in keys {
        assert_eq!(read(artifacts, key).await, key.as_bytes());
    }
    keys.sort_unstable();
    assert_eq!(artifacts.list("").await.unwrap(), keys);
}

/// A file is taken whole, or left whole and written; then its bytes come back, and nobody else has them by its path.
pub async fn a_file_that_is_taken_is_the_object(artifacts: &impl Artifacts) {
    for (key, bytes) in [("a/b", noise(1_348_585)), ("a/empty", Bytes::new())] {
        let (file, mut sink) = (Local::file(&bytes), artifacts.write(key).await.unwrap());

        let is_taken = sink.take(&file.path).await.unwrap();
        assert_eq!(file.path.exists(), !is_taken);
        if !is_taken {
            sink.write(std::fs::read(&file.path).unwrap().into()).await.unwrap();
        }
        let size = sink.finish().await.unwrap();

        assert_eq!((size, artifacts.size_bytes(key).await.unwrap()), (bytes.len() as u64, Some(size)));
        assert!(read(artifacts, key).await == bytes, "other bytes came back");
    }
}

/// What takes a file replaces an object when it is finished, and not before.
pub async fn an_object_stands_until_a_taken_file_is_finished(artifacts: &impl Artifacts) {
    put(artifacts, "a/b", "a long first object").await;
    let (file, mut sink) = (Local::file(b"second"), artifacts.write("a/b").await.unwrap());

    let is_taken = sink.take(&file.path).await.unwrap();
    assert_eq!(read(artifacts, "a/b").await, b"a long first object");
    assert_eq!(artifacts.list("").await.unwrap(), ["a/b"]);
    if !is_taken {
        sink.write("second".into()).await.unwrap();
    }
    sink.finish().await.unwrap();

    assert_eq!(read(artifacts, "a/b").await, b"second");
}

/// A sink that is dropped leaves nothing of what it took.
pub async fn a_taken_file_that_is_dropped_never_was(artifacts: &impl Artifacts) {
    let (file, mut sink) = (Local::file(b"hello"), artifacts.write("a/b").await.unwrap());
    let is_taken = sink.take(&file.path).await.unwrap();

    drop(sink);

    assert_absent(artifacts, "a/b").await;
    assert_eq!(file.path.exists(), !is_taken);
}

/// A file is all of an object or nothing of it.
pub async fn what_was_written_to_takes_no_file(artifacts: &impl Artifacts) {
    let (file, mut sink) = (Local::file(b"file"), artifacts.write("a/b").await.unwrap());
    sink.write("written".into()).await.unwrap();

    assert!(!sink.take(&file.path).await.unwrap());
    sink.finish().await.unwrap();

    assert_eq!(read(artifacts, "a/b").await, b"written");
    assert_eq!(std::fs::read(&file.path).unwrap(), b"file");
}

/// A file of this test's own, which goes with it.
struct Local {
    path: PathBuf,
    _folder: TempDir,
}

impl Local {
    fn file(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made");
        std::fs::write(&path, bytes).unwrap();
        Self { path, _folder: folder }
    }
}

async fn put(artifacts: &impl Artifacts, key: &str, bytes: impl Into<Bytes>) {
    let mut sink = artifacts.write(key).await.unwrap();
    sink.write(bytes.into()).await.unwrap();
    sink.finish().await.unwrap();
}

async fn read(artifacts: &impl Artifacts, key: &str) -> Vec<u8> {
    collect(artifacts.read(key).await.unwrap()).await
}

async fn collect(parts: impl TryStreamExt<Ok = Bytes, Error = ArtifactError>) -> Vec<u8> {
    let together = |mut all: Vec<u8>, part: Bytes| async move {
        all.extend_from_slice(&part);
        Ok(all)
    };
    parts.try_fold(Vec::new(), together).await.unwrap()
}

async fn assert_absent(artifacts: &impl Artifacts, key: &str) {
    assert_missing(artifacts, key).await;
    assert!(artifacts.list("").await.unwrap().is_empty());
}

async fn assert_missing(artifacts: &impl Artifacts, key: &str) {
    assert!(matches!(artifacts.read(key).await.err(), Some(ArtifactError::Missing { .. })), "{key}");
    assert!(matches!(artifacts.open(key).await.err(), Some(ArtifactError::Missing { .. })), "{key}");
    assert_eq!(artifacts.size_bytes(key).await.unwrap(), None, "{key}");
}

/// Bytes without a period that a part or a page could hide.
fn noise(len: usize) -> Bytes {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}
