//! Where the files of players come in: straight into the bucket by signed URLs, or into the folder through this host.

mod container;
mod parts;
mod seal;

use std::{fmt, time::Duration};

use secrecy::SecretString;
use stagemark::ports::{ArtifactError, Artifacts};
use stagemark_blob::{LocalArtifacts, PartTerms, PartUpload, PartUploads, PartsError, S3Artifacts};
use stagemark_contest_contract::Moment;
use uuid::Uuid;

pub(crate) use container::{Family, HEAD_BYTES, KINDS};
pub(crate) use parts::{part_bytes, sizes_of};
use seal::Seal;
pub(crate) use seal::Token;

/// How long the URL of a part, and of what is watched, is good for.
pub(crate) const VALID: Duration = Duration::from_hours(1);

/// Where uploads come in, and where the artifacts of runs are.
#[derive(Clone)]
pub struct Uploads {
    place: Place,
}

#[derive(Clone)]
enum Place {
    Bucket(S3Artifacts),
    Folder(LocalArtifacts, Seal),
}

/// A part as it is to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) video: Uuid,
    pub(crate) upload: &'a PartUpload,
    pub(crate) number: u32,
    pub(crate) size_bytes: u64,
    pub(crate) expires_at: Moment,
}

impl Uploads {
    /// Browsers send parts to this bucket and load videos from it, by signed URLs. Its rules must allow them to
    /// (`CORS`: `PUT` and `GET` from the page's origin).
    pub fn bucket(artifacts: S3Artifacts) -> Self {
        Self { place: Place::Bucket(artifacts) }
    }

    /// Browsers send parts to this host and load videos from it; the URLs of parts are signed with a secret.
    pub fn folder(artifacts: LocalArtifacts, secret: &SecretString) -> Self {
        Self { place: Place::Folder(artifacts, Seal::new(secret)) }
    }

    /// Where the objects are.
    pub(crate) fn artifacts(&self) -> &dyn Artifacts {
        match &self.place {
            Place::Bucket(artifacts) => artifacts,
            Place::Folder(artifacts, _) => artifacts,
        }
    }

    /// Where parts are.
    pub(crate) fn parts(&self) -> &dyn PartUploads {
        match &self.place {
            Place::Bucket(artifacts) => artifacts,
            Place::Folder(artifacts, _) => artifacts,
        }
    }

    /// Where a part is to be put.
    pub(crate) async fn part_url(&self, part: Part<'_>) -> Result<String, PartsError> {
        match &self.place {
            Place::Bucket(artifacts) => {
                let left = part.expires_at.0.saturating_sub(Moment::now().0).max(1_000).unsigned_abs();
                let valid = Duration::from_millis(left);
                let terms = PartTerms { number: part.number, size_bytes: part.size_bytes, valid };
                Ok(artifacts.part_url(part.upload, terms).await?.reveal().to_owned())
            }
            Place::Folder(_, seal) => {
                let upload = Uuid::try_parse(&part.upload.id)
                    .map_err(|_| PartsError::NotOpen { key: part.upload.key.clone() })?;
                let Part { video, number, size_bytes, expires_at, .. } = part;
                let token = Token { video, upload, number, size_bytes, expires_at: expires_at.0 };
                Ok(format!("/api/uploads/{}", seal.seal(&token)))
            }
        }
    }

    /// The folder, and what a token permits there; `None` if the token is not good, not any more, or not here.
    pub(crate) fn permitted(&self, token: &str) -> Option<(&LocalArtifacts, Token)> {
        let Place::Folder(artifacts, seal) = &self.place else { return None };
        let token = seal.open(token)?;
        (token.expires_at > Moment::now().0).then_some((artifacts, token))
    }

    /// Where browsers can load an object by themselves; `None` where they load it from here.
    pub(crate) async fn view_url(&self, key: &str, content_type: &str) -> Result<Option<String>, ArtifactError> {
        match &self.place {
            Place::Bucket(artifacts) => {
                Ok(Some(artifacts.view_url(key, content_type, VALID).await?.reveal().to_owned()))
            }
            Place::Folder(..) => Ok(None),
        }
    }
}

impl fmt::Debug for Uploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Bucket(artifacts) => f.debug_tuple("Bucket").field(artifacts).finish(),
            Place::Folder(artifacts, _) => f.debug_tuple("Folder").field(artifacts).finish(),
        }
    }
}

/// Until when URLs are good that are made now.
pub(crate) fn expiry() -> Moment {
    Moment(Moment::now().0.saturating_add_unsigned(VALID.as_secs() * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(url: &str) -> &str {
        url.strip_prefix("/api/uploads/").unwrap()
    }

    #[tokio::test]
    async fn a_url_is_good_until_its_time_and_not_after() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::folder(LocalArtifacts::open(folder.path()).unwrap(), &"secret".into());
        let upload = uploads.parts().begin("uploads/1", "video/mp4").await.unwrap();
        let of = |expires_at| Part { video: Uuid::now_v7(), upload: &upload, number: 1, size_bytes: 1, expires_at };

        let good = uploads.part_url(of(expiry())).await.unwrap();
        let over = uploads.part_url(of(Moment(Moment::now().0 - 1))).await.unwrap();

        assert!(uploads.permitted(token_of(&good)).is_some());
        assert!(uploads.permitted(token_of(&over)).is_none());
    }
}
