//! Into which parts a file is cut.

use stagemark_blob::PARTS_MAX;

/// Small enough to be sent again on a bad line, and more than stores demand.
const PART_BYTES_MIN: u64 = 8 << 20;
const MIB: u64 = 1 << 20;

/// How large each part of a file is, but the last.
pub(crate) fn part_bytes(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(PARTS_MAX.into()).div_ceil(MIB).saturating_mul(MIB).max(PART_BYTES_MIN)
}

/// How large each part of a file is.
pub(crate) fn sizes_of(size_bytes: u64) -> Vec<u64> {
    let (part_bytes, mut left, mut sizes) = (part_bytes(size_bytes), size_bytes, Vec::new());
    while left > 0 {
        let size = left.min(part_bytes);
        sizes.push(size);
        left -= size;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_file() {
        for size_bytes in [1, PART_BYTES_MIN - 1, PART_BYTES_MIN, PART_BYTES_MIN + 1, 512 << 20, (100 << 30) + 7] {
            let sizes = sizes_of(size_bytes);
            let (last, others) = sizes.split_last().unwrap();

            assert_eq!(sizes.iter().sum::<u64>(), size_bytes);
            assert!(others.iter().all(|size| *size == part_bytes(size_bytes)));
            assert!(*last > 0 && *last <= part_bytes(size_bytes) && sizes.len() <= PARTS_MAX as usize);
        }
    }
}
