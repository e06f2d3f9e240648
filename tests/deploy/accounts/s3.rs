//! The identities of the store.

use std::time::Duration;

use object_store::{
    MultipartUpload, ObjectStoreExt, PutPayload,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
    signer::Signer,
};
use reqwest::{Method, StatusCode};

use super::deployment;
use crate::deployment::Deployment;

fn client(deployment: &Deployment, component: &str, bucket: &str) -> AmazonS3 {
    AmazonS3Builder::new()
        .with_endpoint(deployment.s3.access().endpoint)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_bucket_name(bucket)
        .with_access_key_id(format!("contest-{component}"))
        .with_secret_access_key(deployment.secret(&format!("s3-{component}-secret-access-key")))
        .build()
        .unwrap()
}

fn bytes() -> PutPayload {
    PutPayload::from_static(b"bytes")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_writes_uploads_and_reads_all() {
    let deployment = deployment().await;
    let (api, worker) = (client(deployment, "api", "stagemark"), client(deployment, "worker", "stagemark"));
    let (upload, made) = (Path::from("objects/uploads/7/parts"), Path::from("objects/run-7/video.mp4"));

    worker.put(&made, bytes()).await.unwrap();
    api.put(&upload, bytes()).await.unwrap();

    for refused in [api.put(&made, bytes()).await.map(drop), api.delete(&made).await] {
        assert!(format!("{:?}", refused.unwrap_err()).contains("Denied"));
    }
    assert_eq!(api.get(&made).await.unwrap().bytes().await.unwrap(), "bytes");
    worker.delete(&upload).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_in_parts_is_within_what_the_api_may() {
    let deployment = deployment().await;
    let api = client(deployment, "api", "stagemark");
    let place = Path::from("objects/uploads/8/parts");

    let mut upload = api.put_multipart(&place).await.unwrap();
    upload.put_part(vec![7; 5 << 20].into()).await.unwrap();
    upload.put_part(vec![7; 1 << 20].into()).await.unwrap();
    upload.complete().await.unwrap();

    assert_eq!(api.head(&place).await.unwrap().size, 6 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_see_no_other_bucket_and_keep_their_own() {
    let deployment = deployment().await;

    for component in ["api", "worker"] {
        let elsewhere = client(deployment, component, "elsewhere").put(&Path::from("x"), bytes()).await;
        assert!(matches!(elsewhere, Err(object_store::Error::PermissionDenied { .. })), "{elsewhere:?}");
        // Of the bucket itself: the address of an object, without the object.
        for method in [Method::DELETE, Method::PUT] {
            let signed = client(deployment, component, "stagemark");
            let url = signed.signed_url(method.clone(), &Path::default(), Duration::from_mins(1)).await.unwrap();
            let answer = reqwest::Client::new().request(method.clone(), url).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{component}: {method}");
        }
    }
}
