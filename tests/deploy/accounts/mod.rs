//! Accounts that may do no more than they must, on real servers.

mod postgres;
mod rabbitmq;
mod redis;
mod s3;

use std::{sync::LazyLock, time::Duration};

use bytes::Bytes;
use stagemark::{Artifact, Attempt, Definition, Name, Step, StepError, Workflow, from_fn};
use tokio::sync::OnceCell;

use crate::deployment::Deployment;

/// The one of all tests here: none does it harm.
async fn deployment() -> &'static Deployment {
    static SHARED: LazyLock<OnceCell<&'static Deployment>> = LazyLock::new(OnceCell::new);
    SHARED.get_or_init(|| async { Box::leak(Box::new(Deployment::start().await)) as &Deployment }).await
}

const COPY: Workflow<Artifact, Artifact> = Workflow::new("copy");

/// Reads what was uploaded, under a lock, tells of it, and writes another artifact.
struct Copy;

impl Step for Copy {
    const NAME: Name = Name::new("copy");
    type Input = Artifact;
    type Output = Artifact;

    async fn run(&self, attempt: &Attempt, upload: Artifact) -> Result<Artifact, StepError> {
        let _alone = attempt.lock("copies").await?;
        attempt.progress(0.5, "half way");
        let scratch = attempt.scratch().await?;
        let file = scratch.path().join("upload");
        attempt.fetch(&upload, &file).await?;
        Ok(attempt.put_file("copy", &file).await?)
    }
}

fn copy() -> Definition {
    COPY.define(|upload| {
        upload.then(Copy).then(from_fn(Name::new("pass"), |_, copy: Artifact| async move { Ok(copy) }))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_with_the_accounts_of_their_kind_carry_a_run_to_its_end() {
    use stagemark::ports::Artifacts;

    let deployment = deployment().await;
    let worker = deployment.engine("worker").await.serve(copy()).start().await.unwrap();
    let api = deployment.engine("api").await.start().await.unwrap();
    let mut writer = deployment.artifacts("api").await.write("uploads/1/parts").await.unwrap();
    writer.write(Bytes::from_static(b"a clip")).await.unwrap();
    let bytes = writer.finish().await.unwrap();

    let run = api.submit(COPY, Artifact::new("uploads/1/parts", bytes)).key("one").await.unwrap();
    let copied = tokio::time::timeout(Duration::from_secs(30), run.result()).await.expect("the broker tells").unwrap();

    assert_eq!(copied.size_bytes, 6);
    assert_eq!(deployment.artifacts("api").await.size_bytes(&copied.key).await.unwrap(), Some(6));
    api.shutdown(Duration::from_secs(1)).await;
    worker.shutdown(Duration::from_secs(1)).await;
}
