//! Runs ffmpeg and ffprobe as what they are with a stranger's file: programs that may be made to do anything.

mod bench;
mod child;
mod encoding;
mod expect;
mod ffmpeg;
mod header;
mod index;
mod launcher;
mod limits;
mod packets;
mod probe;
mod sandbox;
mod timeline;
mod times;
mod usage;
mod verdict;
mod walls;

pub use bench::Workbench;
pub(crate) use bench::hex;
pub use encoding::{Codec, Encoding};
pub use expect::Expect;
pub use ffmpeg::{Ffmpeg, Made};
pub(crate) use header::{Header, Stream};
pub(crate) use index::{Atoms, Index, Track};
pub use limits::Limits;
pub(crate) use packets::{Packets, Scan};
pub(crate) use sandbox::{Confined, Tools};
pub(crate) use timeline::{Key, Timeline};
