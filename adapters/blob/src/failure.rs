//! What the store's failures mean to a step.

use std::{
    error::Error,
    io::{self, ErrorKind},
    iter::successors,
};

use stagemark::ports::ArtifactError;

/// Sorts an error by what the caller can do.
pub(crate) fn explain(key: &str, error: impl Error + Send + Sync + 'static) -> ArtifactError {
    let key = key.to_owned();
    match kind(&error) {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) => {
            ArtifactError::Full { key, source: error.into() }
        }
        Some(ErrorKind::InvalidFilename) => ArtifactError::BadKey { key },
        _ => ArtifactError::Store { key, source: error.into() },
    }
}

/// Sorts an error of looking for an object, which may not be there.
pub(crate) fn explain_look(key: &str, error: impl Error + Send + Sync + 'static) -> ArtifactError {
    match kind(&error) {
        Some(ErrorKind::NotFound | ErrorKind::NotADirectory) => ArtifactError::Missing { key: key.to_owned() },
        _ => explain(key, error),
    }
}

/// Sorts an error of an S3 store.
#[cfg(feature = "s3")]
pub(crate) fn explain_s3(key: &str, error: object_store::Error) -> ArtifactError {
    let key = key.to_owned();
    let chain: Vec<String> =
        successors(Some(&error as &dyn Error), |error| (*error).source()).map(ToString::to_string).collect();
    let says = |code: &str| chain.iter().any(|said| said.contains(code));
    if says("507 Insufficient Storage") || says("QuotaExceeded") || says("XMinioStorageFull") {
        return ArtifactError::Full { key, source: error.into() };
    }
    ArtifactError::Store { key, source: error.into() }
}

/// Of what kind the input or output error is that lies at the bottom.
fn kind(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    let chain = successors(Some(error), |error| (*error).source());
    chain.filter_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind).last()
}
