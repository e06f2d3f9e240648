//! Where artifacts are kept: a folder, or a bucket.

use std::sync::Arc;

use async_trait::async_trait;
use stagemark::{Builder, ports::Artifacts};
use stagemark_blob::LocalArtifacts;

use crate::{
    ArtifactPlace, Settings, WorkerError,
    health::{Condition, Health, Probe},
};

pub(super) async fn keep(settings: &Settings, health: &Health, builder: Builder) -> Result<Builder, WorkerError> {
    match &settings.artifacts {
        ArtifactPlace::Folder(folder) => {
            let opened = LocalArtifacts::open(folder);
            let place = folder.display().to_string();
            let artifacts = opened.map_err(|source| WorkerError::Artifacts { place, source: source.into() })?;
            health.add("artifacts", Condition::Degraded, OfArtifacts(Arc::new(artifacts.clone())));
            Ok(builder.artifacts(artifacts))
        }
        ArtifactPlace::S3(place) => s3::keep(place, health, builder).await,
    }
}

struct OfArtifacts(Arc<dyn Artifacts>);

#[async_trait]
impl Probe for OfArtifacts {
    async fn probe(&self) -> Result<(), String> {
        self.0.size_bytes("kept/stagemark-readiness").await.map(drop).map_err(|error| error.to_string())
    }
}

#[cfg(feature = "s3")]
mod s3 {
    use std::sync::Arc;

    use secrecy::ExposeSecret;
    use stagemark::Builder;
    use stagemark_blob::{S3Artifacts, S3OpenError, S3Options};
    use tokio::time::sleep;

    use super::{super::PAUSE, OfArtifacts};
    use crate::{
        S3Place, WorkerError,
        health::{Condition, Health},
    };

    /// A server that is away is waited for: without it most steps would use up their attempts.
    pub(super) async fn keep(place: &S3Place, health: &Health, builder: Builder) -> Result<Builder, WorkerError> {
        let mut told = false;
        let artifacts = loop {
            match S3Artifacts::open(options(place)).await {
                Ok(artifacts) => break artifacts,
                Err(S3OpenError::Unreachable { .. }) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(bucket = place.bucket, "the artifact store cannot be reached; it is waited for");
                    }
                    sleep(PAUSE).await;
                }
                Err(source) => {
                    let place = format!("bucket {}", place.bucket);
                    return Err(WorkerError::Artifacts { place, source: source.into() });
                }
            }
        };
        health.add("artifacts", Condition::Degraded, OfArtifacts(Arc::new(artifacts.clone())));
        Ok(builder.artifacts(artifacts))
    }

    fn options(place: &S3Place) -> S3Options {
        let mut options = S3Options::new(&place.bucket).region(&place.region);
        if let Some(endpoint) = &place.endpoint {
            options = options.endpoint(endpoint.expose());
        }
        match &place.keys {
            Some((id, key)) => options.credentials(id.expose_secret(), key.expose_secret()),
            None => options,
        }
    }
}

#[cfg(not(feature = "s3"))]
mod s3 {
    use stagemark::Builder;

    use crate::{S3Place, WorkerError, health::Health};

    #[expect(clippy::unused_async, reason = "as it is with the feature")]
    pub(super) async fn keep(_: &S3Place, _: &Health, _: Builder) -> Result<Builder, WorkerError> {
        Err(WorkerError::NotBuilt { setting: "s3_bucket", feature: "s3" })
    }
}
