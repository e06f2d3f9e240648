//! Where the index of an MP4 stands, and that the file is of the usual form.

use bytes::Bytes;

use super::Copy;
use crate::MediaError;

/// How much is read first: most of what stands before the index or the pictures.
const OPENING_BYTES: u64 = 4096;
/// The longest head of a box.
const HEAD_BYTES_MAX: u64 = 16;
/// The most boxes that stand side by side in a file.
const BOXES_MAX: usize = 64;
/// The largest index that is read; an hour of 120 pictures a second has one of 10 MB.
const INDEX_BYTES_MAX: u64 = 64 << 20;

/// One box: what it is, how long its head is, and from where to where it is in the file.
struct Head {
    kind: [u8; 4],
    bytes: usize,
    begin: u64,
    end: u64,
}

impl Head {
    /// Of the box that begins with these bytes, there; `None` if it does not end within the file.
    fn read(opening: &[u8], begin: u64, file_bytes: u64) -> Option<Self> {
        let (size, rest) = opening.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let (size, bytes) = match u32::from_be_bytes(*size) {
            0 => (file_bytes.checked_sub(begin)?, 8),
            1 => (u64::from_be_bytes(*rest.first_chunk()?), 16),
            size => (u64::from(size), 8),
        };
        let end = begin.checked_add(size)?;
        (size >= bytes as u64 && end <= file_bytes).then_some(Self { kind: *kind, bytes, begin, end })
    }

    /// Whether it holds pictures and sound, or nothing.
    fn is_passed_over(&self) -> bool {
        matches!(&self.kind, b"mdat" | b"free" | b"skip" | b"wide")
    }

    /// Whether it is of a file in fragments, whose index is not in one place.
    fn is_of_fragments(&self) -> bool {
        matches!(&self.kind, b"moof" | b"mfra" | b"sidx")
    }
}

/// Copies all but the pictures and the sound, and gives what is in the `moov`; `None` if the file is in any way unusual:
/// in fragments, cut off, of two indices, of none.
pub(super) async fn index(copy: &mut Copy<'_>) -> Result<Option<Bytes>, MediaError> {
    let opening = copy.take(0..OPENING_BYTES.min(copy.size())).await?;
    if opening.get(4..8) != Some(b"ftyp".as_slice()) {
        return Ok(None);
    }
    let Some(heads) = heads(copy, &opening).await? else { return Ok(None) };
    let needed = || heads.iter().filter(|head| !head.is_passed_over());
    let bytes: u64 = needed().map(|head| head.end - head.begin).sum();
    if bytes > INDEX_BYTES_MAX || needed().filter(|head| &head.kind == b"moov").count() != 1 {
        return Ok(None);
    }
    let mut index = None;
    for head in needed() {
        let whole = within(&opening, head.begin, head.end);
        let whole = if let Some(whole) = whole { whole } else { copy.take(head.begin..head.end).await? };
        if &head.kind == b"moov" {
            index = Some(whole.slice(head.bytes..));
        }
    }
    Ok(index)
}

/// The boxes that a file consists of; `None` if it has too many, ends within one, or has any of fragments.
async fn heads(copy: &mut Copy<'_>, opening: &Bytes) -> Result<Option<Vec<Head>>, MediaError> {
    let (mut heads, mut at, size) = (Vec::new(), 0, copy.size());
    while at < size {
        let end = size.min(at + HEAD_BYTES_MAX);
        let begin = within(opening, at, end);
        let begin = if let Some(begin) = begin { begin } else { copy.take(at..end).await? };
        match Head::read(&begin, at, size) {
            Some(head) if heads.len() < BOXES_MAX && !head.is_of_fragments() => {
                at = head.end;
                heads.push(head);
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(heads))
}

/// These bytes of the file, if they are among those that were read first.
fn within(opening: &Bytes, from: u64, to: u64) -> Option<Bytes> {
    let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
    (to <= opening.len()).then(|| opening.slice(from..to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(begin: &[u8], at: u64, file_bytes: u64) -> Option<([u8; 4], usize, u64)> {
        Head::read(begin, at, file_bytes).map(|head| (head.kind, head.bytes, head.end))
    }

    #[test]
    fn a_head_tells_where_its_box_ends() {
        assert_eq!(read(b"\0\0\0\x20ftyp", 0, 100), Some((*b"ftyp", 8, 32)));
        assert_eq!(read(b"\0\0\0\0mdat", 40, 100), Some((*b"mdat", 8, 100)));
        assert_eq!(read(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x20", 40, 100), Some((*b"mdat", 16, 72)));
    }

    #[test]
    fn a_head_that_lies_is_none() {
        for begin in [&b"\0\0\0\x07free"[..], b"\0\0\0\x80mdat", b"\0\0\0\x01mdat", b"\0\0\0\x10mda", b""] {
            assert_eq!(read(begin, 40, 100), None);
        }
        assert_eq!(read(b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff", 40, 100), None);
        assert_eq!(read(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x0f", 40, 100), None);
    }
}
