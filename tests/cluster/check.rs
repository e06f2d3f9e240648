//! What holds after every fault.

use futures::TryStreamExt;
use stagemark::{Engine, Status, ports::Artifacts};
use stagemark_blob::{S3Artifacts, S3Options};

use crate::{
    all_kinds::{PART_BYTES, byte_of},
    cluster::Cluster,
    load::submit,
};

/// Every run is ready, each marker was committed once, each artifact that one names is whole, and nothing is stuck.
pub(crate) async fn assert_all_whole(cluster: &Cluster, client: &Engine, runs: impl IntoIterator<Item = u32>) {
    let artifacts = artifacts(cluster).await;
    let (mut count, mut markers) = (0, 0);
    for n in runs {
        let run = submit(client, n).await;
        assert_eq!(run.status().await.unwrap().status, Status::Ready);
        let made = run.result().await.unwrap();
        assert_eq!((made.parts.len(), made.counted, made.shaky), ((n % 4) as usize, 10, 11));
        for (part, artifact) in (0..).zip(&made.parts) {
            assert!(is_whole(part, &read(&artifacts, &artifact.key).await), "{} is not whole", artifact.key);
        }
        count += 1;
        markers += 4 + u64::from(n % 4);
    }
    assert_eq!(client.doctor().await.unwrap(), []);

    assert_eq!(cluster.count("SELECT count(*) FROM done"), markers, "each marker is committed");
    let twice = "SELECT count(*) FROM (SELECT 1 FROM done GROUP BY run, node, item HAVING count(*) > 1) AS twice";
    assert_eq!(cluster.count(twice), 0, "no marker is committed twice");
    assert_eq!(cluster.count("SELECT count(*) FROM stagemark_run"), count, "each key is one run");
}

async fn artifacts(cluster: &Cluster) -> S3Artifacts {
    let s3 = cluster.s3.access();
    let options = S3Options::new(s3.bucket).endpoint(s3.endpoint);
    S3Artifacts::open(options.credentials(s3.access_key_id, s3.secret_access_key.reveal())).await.unwrap()
}

async fn read(artifacts: &S3Artifacts, key: &str) -> Vec<u8> {
    let parts: Vec<_> = artifacts.read(key).await.unwrap().try_collect().await.unwrap();
    parts.concat()
}

fn is_whole(part: u32, bytes: &[u8]) -> bool {
    bytes.len() == PART_BYTES && bytes.iter().all(|byte| *byte == byte_of(part))
}
