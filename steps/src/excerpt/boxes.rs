//! The boxes of an index, and the numbers in them.

use crate::runner::Atoms;

/// Boxes that stand side by side.
#[derive(Debug)]
pub(crate) struct Boxes<'a>(Vec<(&'a [u8; 4], &'a [u8])>);

impl<'a> Boxes<'a> {
    /// Those in these bytes; `None` if they are not whole.
    pub(crate) fn of(body: &'a [u8]) -> Option<Self> {
        let found: Vec<_> = Atoms(body).collect();
        let bytes: usize = found.iter().map(|(_, body)| body.len() + 8).sum();
        (bytes == body.len()).then_some(Self(found))
    }

    /// The bodies of those of a kind.
    pub(crate) fn all(&self, kind: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(other, _)| *other == kind.as_bytes()).map(|(_, body)| *body)
    }

    pub(crate) fn has(&self, kind: &str) -> bool {
        self.all(kind).next().is_some()
    }

    /// The body of the only one of a kind.
    pub(crate) fn only(&self, kind: &str) -> Option<&'a [u8]> {
        let mut found = self.all(kind);
        let body = found.next()?;
        found.next().is_none().then_some(body)
    }

    /// The boxes in the only one of a kind.
    pub(crate) fn within(&self, kind: &str) -> Option<Self> {
        Self::of(self.only(kind)?)
    }

    /// The entries of a table, which must be as many as it says.
    pub(crate) fn table<const N: usize>(&self, kind: &str) -> Option<&'a [[u8; N]]> {
        let body = self.only(kind)?;
        let count = usize::try_from(number(body, 4)?).ok()?;
        body.get(8..)?.as_chunks::<N>().0.get(..count)
    }

    /// The ticks of a second, as `mvhd` and `mdhd` tell it.
    pub(crate) fn ticks_a_second(&self, header: &str) -> Option<u32> {
        let header = self.only(header)?;
        number(header, if header.first() == Some(&1) { 20 } else { 12 }).filter(|ticks| *ticks > 0)
    }
}

/// The number of four bytes there.
pub(crate) fn number(body: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*body.get(at..)?.first_chunk()?))
}

/// The number of eight bytes there.
pub(crate) fn long_number(body: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*body.get(at..)?.first_chunk()?))
}
