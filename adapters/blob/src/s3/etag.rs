//! Whether bytes are those that were written, by the tag that the store keeps of them.
//!
//! Where a store does not encrypt by a key of its own, the tag of an object is its MD5, and that of one written in parts
//! the MD5 of their MD5s. The store computes it from what it received, so it speaks for the whole way.

use std::fmt::Write;

use md5::{Digest, Md5};
use object_store::{Attribute, Attributes};

/// The size of the parts that an object was written in.
pub(crate) const PART_BYTES: &str = "stagemark-part-bytes";
/// The MD5 of an object that was written at once.
pub(crate) const MD5: &str = "stagemark-md5";

/// What the tags of a store are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    /// Made of MD5s.
    Md5,
    /// Something else: of the objects written in parts, only the size can be checked.
    Opaque,
}

/// The MD5 of parts, as it stands in tags.
pub(crate) fn md5_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 16] {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part);
    }
    md5.finalize().into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

/// The tag of an object made of parts with these MD5s.
pub(crate) fn joined(parts: &[[u8; 16]]) -> String {
    format!("{}-{}", hex(&md5_of(parts.iter().map(<[u8; 16]>::as_slice))), parts.len())
}

/// A tag without its quotes.
pub(crate) fn bare(tag: &str) -> &str {
    tag.trim_matches('"')
}

/// Compares what is read with what was written.
#[derive(Debug)]
pub(crate) struct Check {
    expected: String,
    /// Where parts end; `None` where there is one.
    part_bytes: Option<u64>,
    parts: Vec<[u8; 16]>,
    current: Md5,
    current_bytes: u64,
}

impl Check {
    /// A check of an object with this tag; `None` where nothing is known of its bytes.
    pub(crate) fn of(tags: Tags, tag: Option<&str>, attributes: &Attributes) -> Option<Self> {
        let kept = |name: &'static str| attributes.get(&Attribute::Metadata(name.into())).map(AsRef::as_ref);
        let tag = tag.map(bare).filter(|_| tags == Tags::Md5);
        let (expected, part_bytes) = match (kept(MD5), tag) {
            (Some(md5), _) => (md5, None),
            (None, Some(tag)) if tag.contains('-') => (tag, Some(kept(PART_BYTES)?.parse().ok().filter(|it| *it > 0)?)),
            (None, tag) => (tag?, None),
        };
        let expected = expected.to_owned();
        Some(Self { expected, part_bytes, parts: Vec::new(), current: Md5::new(), current_bytes: 0 })
    }

    /// Takes in the next bytes.
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        while let Some(part_bytes) = self.part_bytes {
            let room = part_bytes - self.current_bytes;
            let Some((head, tail)) = usize::try_from(room).ok().and_then(|room| bytes.split_at_checked(room)) else {
                break;
            };
            self.current.update(head);
            self.end_part();
            bytes = tail;
        }
        self.current.update(bytes);
        self.current_bytes += bytes.len() as u64;
    }

    fn end_part(&mut self) {
        self.parts.push(std::mem::take(&mut self.current).finalize().into());
        self.current_bytes = 0;
    }

    /// Whether all that was taken in is what was written.
    pub(crate) fn holds(mut self) -> bool {
        if self.part_bytes.is_none() {
            return hex(&self.current.finalize()) == self.expected;
        }
        if self.current_bytes > 0 {
            self.end_part();
        }
        joined(&self.parts) == self.expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_parts(part_bytes: &str, bytes: &[u8], size: usize) -> Option<Check> {
        let tag = joined(&bytes.chunks(size).map(|part| md5_of([part])).collect::<Vec<_>>());
        let attributes: Attributes =
            [(Attribute::Metadata(PART_BYTES.into()), part_bytes.to_owned())].into_iter().collect();
        Check::of(Tags::Md5, Some(&format!("\"{tag}\"")), &attributes)
    }

    #[test]
    fn the_same_bytes_hold_however_they_come() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for chunk in [1, 3, 100, 299, 300, 301, 1000] {
            for size in [300, 500, 999, 1000, 2000] {
                let mut check = in_parts(&size.to_string(), &bytes, size).unwrap();
                bytes.chunks(chunk).for_each(|chunk| check.add(chunk));
                assert!(check.holds(), "{chunk} {size}");
            }
        }
    }

    #[test]
    fn another_byte_does_not_hold() {
        let bytes = vec![7; 1000];
        let mut check = in_parts("300", &bytes, 300).unwrap();

        check.add(&bytes[..999]);
        check.add(&[8]);

        assert!(!check.holds());
    }

    #[test]
    fn what_cannot_be_known_is_not_checked() {
        assert!(in_parts("0", b"abc", 2).is_none() && in_parts("x", b"abc", 2).is_none());
        assert!(Check::of(Tags::Opaque, Some("abc"), &Attributes::new()).is_none());
        assert!(Check::of(Tags::Md5, Some("abc-2"), &Attributes::new()).is_none());
        assert!(Check::of(Tags::Md5, None, &Attributes::new()).is_none());
    }

    #[test]
    fn an_md5_that_was_kept_is_checked_whatever_the_tags_are() {
        let attributes: Attributes =
            [(Attribute::Metadata(MD5.into()), hex(&md5_of([b"abc".as_slice()])))].into_iter().collect();
        for (bytes, holds) in [(b"abc", true), (b"abd", false)] {
            let mut check = Check::of(Tags::Opaque, None, &attributes).unwrap();
            check.add(bytes);
            assert_eq!(check.holds(), holds);
        }
    }
}
