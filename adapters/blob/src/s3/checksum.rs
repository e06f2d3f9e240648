//! Whether bytes are those that were written, by the checksum that the store keeps of an object.
//!
//! It is the CRC-64 of S3 (`CRC64NVME`): of whole objects, however many parts they were written in. The store compares
//! it with what it receives; what it gives back is compared here.

use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, Digest};

/// The header in which a store tells the checksum of an object.
pub(crate) const HEADER: &str = "x-amz-checksum-crc64nvme";
/// The header that asks for it.
pub(crate) const MODE: (&str, &str) = ("x-amz-checksum-mode", "ENABLED");

/// Compares what is read with what was written.
#[derive(Debug)]
pub(crate) struct Check {
    expected: u64,
    digest: Digest,
}

impl Check {
    /// A check of an object with this checksum, in Base64; `None` for what is no checksum of a whole object.
    pub(crate) fn of(checksum: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(checksum).ok()?.try_into().ok()?;
        Some(Self { expected: u64::from_be_bytes(bytes), digest: Digest::new(CrcAlgorithm::Crc64Nvme) })
    }

    /// Takes in the next bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// Whether all that was taken in is what was written.
    pub(crate) fn holds(&self) -> bool {
        self.digest.finalize() == self.expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `123456789`, by the catalogue of CRCs.
    const KNOWN: u64 = 0xae8b_1486_0a79_9888;

    #[test]
    fn the_same_bytes_hold_however_they_come() {
        for chunk in [1, 2, 9] {
            let mut check = Check::of(&BASE64_STANDARD.encode(KNOWN.to_be_bytes())).unwrap();
            b"123456789".chunks(chunk).for_each(|chunk| check.add(chunk));
            assert!(check.holds(), "{chunk}");
        }
    }

    #[test]
    fn other_bytes_do_not_hold() {
        for bytes in [b"123456788".as_slice(), b"12345678", b"", b"213456789"] {
            let mut check = Check::of(&BASE64_STANDARD.encode(KNOWN.to_be_bytes())).unwrap();
            check.add(bytes);
            assert!(!check.holds(), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_checksum_of_a_whole_object_is_not_checked() {
        for checksum in ["", "AAAA", "not base64", "AAAAAAAAAAA=-2"] {
            assert!(Check::of(checksum).is_none(), "{checksum}");
        }
    }
}
