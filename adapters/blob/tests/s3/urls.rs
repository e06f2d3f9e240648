//! URLs that are rights.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use stagemark::ports::Artifacts;
use stagemark_blob::{SignedUrl, UploadTerms};

use crate::{get, in_a_folder_of_its_own, noise, put};

const VALID: Duration = Duration::from_mins(5);

fn terms(size_bytes: u64) -> UploadTerms {
    UploadTerms { size_bytes, content_type: "video/mp4".to_owned(), valid: VALID }
}

/// Puts these bytes by the URL, with its headers but for the length, which the client counts.
async fn send(url: &SignedUrl, content_type: Option<&str>, bytes: Vec<u8>) -> StatusCode {
    let mut sent = Client::new().put(url.reveal()).body(bytes);
    for (name, value) in url.headers().iter().filter(|(name, _)| *name != "content-length") {
        sent = sent.header(*name, content_type.filter(|_| *name == "content-type").unwrap_or(value));
    }
    sent.send().await.unwrap().status()
}

#[tokio::test]
async fn what_was_agreed_is_taken_once() {
    let artifacts = in_a_folder_of_its_own().await;
    let url = artifacts.upload_url("uploads/a b.mp4", &terms(1_000)).await.unwrap();

    assert_eq!(send(&url, None, vec![1; 1_000]).await, StatusCode::OK);
    assert_eq!(send(&url, None, vec![2; 1_000]).await, StatusCode::PRECONDITION_FAILED);

    assert_eq!(get(&artifacts, "uploads/a b.mp4").await.unwrap(), vec![1; 1_000]);
}

#[tokio::test]
async fn what_was_not_agreed_is_refused() {
    let artifacts = in_a_folder_of_its_own().await;
    let url = artifacts.upload_url("uploads/a.mp4", &terms(1_000)).await.unwrap();

    assert_eq!(send(&url, None, vec![1; 1_001]).await, StatusCode::FORBIDDEN);
    assert_eq!(send(&url, None, vec![1; 999]).await, StatusCode::FORBIDDEN);
    assert_eq!(send(&url, Some("text/html"), vec![1; 1_000]).await, StatusCode::FORBIDDEN);

    assert!(artifacts.list("").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_object_is_got_by_its_url_and_no_other_is() {
    let artifacts = in_a_folder_of_its_own().await;
    let bytes = noise(1_000);
    put(&artifacts, "a/ñ %41.mp4", bytes.clone()).await.unwrap();
    put(&artifacts, "a/other", bytes.clone()).await.unwrap();

    let url = artifacts.download_url("a/ñ %41.mp4", VALID).await.unwrap();
    let got = reqwest::get(url.reveal()).await.unwrap();
    let name = url.reveal().split(['?', '/']).find(|part| part.contains("mp4")).unwrap();
    let forged = reqwest::get(url.reveal().replace(name, "other")).await.unwrap();

    assert_eq!(got.status(), StatusCode::OK);
    assert_eq!(got.bytes().await.unwrap(), bytes);
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_url_does_not_show_its_signature() {
    let url = in_a_folder_of_its_own().await.download_url("a/b", VALID).await.unwrap();

    assert!(url.reveal().contains("X-Amz-Signature="));
    assert!(!format!("{url:?}").contains("X-Amz-Signature"));
}

#[tokio::test]
async fn an_object_is_viewed_as_what_the_url_says() {
    let artifacts = in_a_folder_of_its_own().await;
    put(&artifacts, "a/clip", noise(10)).await.unwrap();

    let url = artifacts.view_url("a/clip", "video/mp4", VALID).await.unwrap();
    let got = reqwest::get(url.reveal()).await.unwrap();
    let forged = reqwest::get(url.reveal().replace("video%2Fmp4", "text%2Fhtml")).await.unwrap();

    assert_eq!(got.status(), StatusCode::OK);
    assert_eq!(got.headers()["content-type"], "video/mp4");
    assert_eq!(got.headers()["content-disposition"], "inline");
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_url_is_for_the_address_that_others_use() {
    let address = crate::shared().await;
    let elsewhere = address.endpoint.replace("127.0.0.1", "localhost");
    let artifacts = stagemark_blob::S3Artifacts::open(crate::options_of(&address).public_endpoint(&elsewhere));
    let artifacts = artifacts.await.unwrap();
    put(&artifacts, "a/clip", noise(10)).await.unwrap();

    let url = artifacts.download_url("a/clip", VALID).await.unwrap();

    assert!(url.reveal().starts_with(&elsewhere), "{url:?}");
    assert_eq!(reqwest::get(url.reveal()).await.unwrap().status(), StatusCode::OK);
}
