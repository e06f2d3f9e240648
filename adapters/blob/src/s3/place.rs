//! Where the objects of keys are in a bucket.

use std::iter;

use object_store::path::Path;
use stagemark::ports::ArtifactError;

use crate::key;

/// The longest name of an object in S3.
const NAME_MAX_BYTES: usize = 1024;

/// The names of objects below a folder of a bucket.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    prefix: Path,
}

impl Places {
    pub(crate) fn below(prefix: &str) -> Self {
        Self { prefix: Path::from(prefix) }
    }

    fn join(&self, place: &Path) -> Path {
        self.prefix.parts().chain(place.parts()).collect()
    }

    fn checked(&self, key: &str, place: &Path) -> Result<Path, ArtifactError> {
        let place = self.join(place);
        if place.as_ref().len() > NAME_MAX_BYTES {
            return Err(ArtifactError::BadKey { key: key.to_owned() });
        }
        Ok(place)
    }

    /// Where the object of this key is.
    pub(crate) fn of(&self, key: &str) -> Result<Path, ArtifactError> {
        self.checked(key, &key::place(key)?)
    }

    /// Where the objects are whose keys begin with a folder.
    pub(crate) fn folder(&self, folder: &str) -> Result<Path, ArtifactError> {
        Ok(self.join(&key::folder(folder)?))
    }

    /// The key of the object at a place; `None` for what no key leads to.
    pub(crate) fn key_at(&self, place: &Path) -> Option<String> {
        key::key_at(&place.prefix_match(&self.prefix)?.collect())
    }

    /// Where it stands who may finish the first object of this key.
    pub(crate) fn claim(&self, key: &str) -> Result<Path, ArtifactError> {
        self.checked(key, &iter::once("claims".into()).chain(key::place(key)?.parts()).collect())
    }

    /// The object that a store is tried with.
    pub(crate) fn probe(&self) -> Path {
        self.join(&Path::from("probe"))
    }

    /// Of what the names of all objects begin with.
    pub(crate) fn all(&self) -> String {
        format!("{}/", self.join(&Path::from(key::OBJECTS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_again_below_any_prefix() {
        for prefix in ["", "a", "a/b", "a b/"] {
            let places = Places::below(prefix);
            for key in ["uploads/clip.mp4", "a b/ñandú #1", "50%25"] {
                let place = places.of(key).unwrap();
                assert_eq!(places.key_at(&place).as_deref(), Some(key));
                assert!(place.as_ref().starts_with(&places.all()), "{place}");
            }
        }
    }

    #[test]
    fn a_key_that_is_too_long_for_the_store_is_refused() {
        let long = vec!["x".repeat(200); 6].join("/");

        assert!(matches!(Places::below("").of(&long), Err(ArtifactError::BadKey { .. })));
    }

    #[test]
    fn what_is_not_below_the_prefix_has_no_key() {
        assert_eq!(Places::below("a").key_at(&Path::from("b/objects/x")), None);
        assert_eq!(Places::below("a").key_at(&Path::from("a/probe")), None);
    }
}
