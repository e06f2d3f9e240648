//! The keys of artifacts, as places in the store.

use std::iter;

use object_store::path::Path;
use percent_encoding::percent_decode_str;
use stagemark::ports::ArtifactError;

/// The folder of the store that finished objects are in.
pub(crate) const OBJECTS: &str = "objects";
/// The longest name of a file or folder that common file systems know.
const NAME_MAX_BYTES: usize = 255;

/// Where the object of this key is.
///
/// What file systems and stores dislike in a name is percent-encoded, so no key can leave the folder.
pub(crate) fn place(key: &str) -> Result<Path, ArtifactError> {
    let bad = key.contains('\0') || key.split('/').any(|part| matches!(part, "" | "." | ".."));
    let place: Path = iter::once(OBJECTS).chain(key.split('/')).collect();
    if bad || place.parts().any(|part| part.as_ref().len() > NAME_MAX_BYTES) {
        return Err(ArtifactError::BadKey { key: key.to_owned() });
    }
    Ok(place)
}

/// Where the objects are whose keys begin with a folder; all of them for the empty one.
pub(crate) fn folder(folder: &str) -> Result<Path, ArtifactError> {
    match folder.trim_end_matches('/') {
        "" => Ok(Path::from(OBJECTS)),
        folder => place(folder),
    }
}

/// The key of the object at a place; `None` for what no key leads to.
pub(crate) fn key_at(place: &Path) -> Option<String> {
    let encoded = place.as_ref().strip_prefix(OBJECTS)?.strip_prefix('/')?;
    Some(percent_decode_str(encoded).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_again_at_its_place() {
        for key in ["uploads/clip.mp4", "a b/ñandú #1", "50%", "50%25", "a/~b/{c}"] {
            assert_eq!(key_at(&place(key).unwrap()).as_deref(), Some(key));
        }
    }

    #[test]
    fn plain_keys_keep_their_look() {
        assert_eq!(place("runs/1/2-edit/0/1/out.mp4").unwrap().as_ref(), "objects/runs/1/2-edit/0/1/out.mp4");
    }

    #[test]
    fn a_key_that_leaves_the_folder_is_refused() {
        for key in ["", "/", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".", "a\0b", &"x".repeat(256)] {
            assert!(matches!(place(key), Err(ArtifactError::BadKey { .. })), "{key:?}");
        }
    }
}
