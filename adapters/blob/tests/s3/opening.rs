//! Stores that cannot be opened.

use std::time::Duration;

use stagemark_blob::{S3Artifacts, S3OpenError};

use crate::{options_of, shared};

#[tokio::test]
async fn wrong_credentials_are_told_when_the_store_is_opened() {
    let address = shared().await;
    for (id, secret) in [(address.access_key_id.as_str(), "hunter2"), ("nobody", "hunter2")] {
        let error = S3Artifacts::open(options_of(&address).credentials(id, secret)).await.unwrap_err();

        assert!(matches!(error, S3OpenError::Denied { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_bucket_that_is_missing_is_told_when_the_store_is_opened() {
    let mut address = shared().await;
    "no-such-bucket".clone_into(&mut address.bucket);

    let error = S3Artifacts::open(options_of(&address)).await.unwrap_err();

    assert!(matches!(&error, S3OpenError::NoBucket { bucket } if bucket == "no-such-bucket"), "{error:?}");
}

#[tokio::test]
async fn a_store_that_is_away_is_told_in_time() {
    let mut address = shared().await;
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    address.endpoint = format!("http://{port}");

    let error = S3Artifacts::open(options_of(&address).patience(Duration::from_secs(1))).await.unwrap_err();

    assert!(matches!(error, S3OpenError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_store_is_opened_twice() {
    let options = options_of(&shared().await);

    S3Artifacts::open(options.clone()).await.unwrap();

    assert!(S3Artifacts::open(options).await.is_ok());
}
