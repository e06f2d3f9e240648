//! Cursors of lists: where the next page begins, as the page before says it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::Problem;

/// What writes and reads the cursors of one list. It has a letter of its own, so that a cursor of another list is not
/// taken for one of this.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursors(pub(crate) u8);

impl Cursors {
    /// The cursor of the page that begins behind this place.
    pub(crate) fn behind(self, place: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([&[self.0], place].concat())
    }

    /// The place that a cursor was made of, if it is one of this list's.
    pub(crate) fn place<T>(self, cursor: &str, read: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, Problem> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
        let place = bytes.as_deref().and_then(|bytes| bytes.strip_prefix(&[self.0]));
        place.and_then(read).ok_or_else(|| Problem::field("cursor", "must be a next_cursor of this list"))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_others_are_refused() {
        let (list, another, id) = (Cursors(b'v'), Cursors(b'r'), Uuid::now_v7());
        let read = |cursor: &str| list.place(cursor, |place| Uuid::from_slice(place).ok());
        let cursor = list.behind(id.as_bytes());

        assert_eq!(read(&cursor).unwrap(), id);
        let others = [another.behind(id.as_bytes()), list.behind(b"short"), id.to_string(), cursor + "AA"];
        for cursor in others.iter().map(String::as_str).chain(["", "x", "%", "AAAAAAAAAAAAAAAAAAAAAAA", "' OR 1=1 --"])
        {
            assert!(read(cursor).is_err(), "{cursor}");
        }
    }
}
