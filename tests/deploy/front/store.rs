//! The store behind the front: for signed URLs alone.

use std::{sync::Arc, time::Duration};

use object_store::{
    ObjectStore, ObjectStoreExt,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
    signer::Signer,
};
use reqwest::{Method, StatusCode};
use stagemark_services::{S3, S3Address};

use super::{Fixture, only};

/// A client of the store that reaches it at this address.
fn client(access: &S3Address, endpoint: &str) -> AmazonS3 {
    AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_bucket_name(&access.bucket)
        .with_access_key_id(&access.access_key_id)
        .with_secret_access_key(access.secret_access_key.reveal())
        .build()
        .unwrap()
}

async fn fixture() -> (Fixture, AmazonS3, Arc<dyn ObjectStore>) {
    let s3 = tokio::task::spawn_blocking(S3::shared).await.unwrap().unwrap();
    let access = s3.access();
    let site = Fixture::with(|site| site.store(s3.address(), &access.bucket)).await;
    let outside = client(&access, &site.front.url());
    (site, outside, Arc::new(client(&access, &access.endpoint)))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_signed_url_may_use_it() {
    let (site, outside, inside) = fixture().await;
    let place = Path::from("uploads/clip.mp4");
    let signed = |method| outside.signed_url(method, &place, Duration::from_mins(1));

    let put = site.client.put(signed(Method::PUT).await.unwrap()).body("a clip").send().await.unwrap();
    let got = site.client.get(signed(Method::GET).await.unwrap()).header("range", "bytes=2-5").send().await.unwrap();

    assert_eq!((put.status(), got.status()), (StatusCode::OK, StatusCode::PARTIAL_CONTENT));
    // What a player uploads is never a page of this site.
    assert_eq!(only(&got, "content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(only(&got, "x-content-type-options"), "nosniff");
    assert_eq!(got.text().await.unwrap(), "clip");
    assert_eq!(inside.get(&place).await.unwrap().bytes().await.unwrap(), "a clip");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_of_another_object_or_method_is_refused() {
    let (site, outside, inside) = fixture().await;
    inside.put(&Path::from("kept/one"), "one".into()).await.unwrap();
    let mut url = outside.signed_url(Method::GET, &Path::from("kept/one"), Duration::from_mins(1)).await.unwrap();

    let put = site.client.put(url.clone()).body("two").send().await.unwrap();
    let deleted = site.client.delete(url.clone()).send().await.unwrap();
    url.set_path(&url.path().replace("one", "two"));
    let another = site.client.get(url).send().await.unwrap();

    for answer in [put, deleted, another] {
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{}", answer.url().path());
    }
    assert_eq!(inside.get(&Path::from("kept/one")).await.unwrap().bytes().await.unwrap(), "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_signature_the_store_is_not_even_asked() {
    let (site, _outside, inside) = fixture().await;
    inside.put(&Path::from("kept/three"), "three".into()).await.unwrap();

    for path in ["/stagemark/kept/three", "/stagemark/?list-type=2", "/stagemark/kept/three?X-Amz-Signature=zz"] {
        let answer =
            site.client.get(site.url(path)).header("authorization", "AWS4-HMAC-SHA256 me").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(!answer.headers().contains_key("x-amz-request-id"), "{path}");
    }
}
