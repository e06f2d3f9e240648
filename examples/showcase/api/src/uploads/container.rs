//! What a file is by its first bytes, whatever its name and its type say.

/// What is taken, in words.
pub(crate) const KINDS: &str = "MP4, QuickTime, WebM or Matroska";
/// How many of its first bytes tell what a file is.
pub(crate) const HEAD_BYTES: u64 = 12;

/// How the pictures and the sound of a video are laid out in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// MP4 and `QuickTime`: boxes, each with its length and four letters.
    Boxes,
    /// `Matroska` and `WebM`.
    Matroska,
}

impl Family {
    /// What a file of this media type is; `None` for what is not taken.
    pub(crate) fn of_type(content_type: &str) -> Option<Self> {
        match content_type {
            "video/mp4" | "video/quicktime" => Some(Self::Boxes),
            "video/webm" | "video/x-matroska" => Some(Self::Matroska),
            _ => None,
        }
    }

    /// What a file is that begins like this; `None` for what is no video of a known kind.
    pub(crate) fn of_head(head: &[u8]) -> Option<Self> {
        if head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
            return Some(Self::Matroska);
        }
        let letters = head.get(4..8)?;
        // Files of cameras before MP4 begin with one of the others.
        let known: [&[u8; 4]; 6] = [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"];
        known.iter().any(|known| letters == *known).then_some(Self::Boxes)
    }
}

#[cfg(test)]
mod tests {
    use stagemark_contest_contract::CONTENT_TYPES;

    use super::*;

    #[test]
    fn videos_are_known_by_their_first_bytes() {
        assert_eq!(Family::of_head(b"\0\0\0\x20ftypisom"), Some(Family::Boxes));
        assert_eq!(Family::of_head(b"\0\0\0\x08wide\0\0\0\0"), Some(Family::Boxes));
        assert_eq!(Family::of_head(b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\0"), Some(Family::Matroska));
    }

    #[test]
    fn the_types_that_are_described_are_those_that_are_taken() {
        for content_type in CONTENT_TYPES {
            assert!(Family::of_type(content_type).is_some(), "{content_type}");
        }
    }

    #[test]
    fn what_is_no_video_is_not() {
        let others: [&[u8]; 7] = [
            b"",
            b"\0\0\0\x20",
            b"#EXTM3U\n#EXT",
            b"ffconcat version 1.0",
            b"\x89PNG\r\n\x1a\n\0\0\0\r",
            b"<svg xmlns=\"",
            b"ftypisom\0\0\0\0",
        ];
        for head in others {
            assert_eq!(Family::of_head(head), None, "{head:?}");
        }
    }
}
