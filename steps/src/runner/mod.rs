//! Runs ffmpeg and ffprobe as what they are with a stranger's file: programs that may be made to do anything.

mod bench;
mod child;
mod expect;
mod ffmpeg;
mod header;
mod launcher;
mod limits;
mod packets;
mod probe;
mod sandbox;

pub use bench::Workbench;
pub use expect::Expect;
pub use ffmpeg::{Encoding, Ffmpeg, Made};
pub(crate) use header::{Header, Stream};
pub use limits::Limits;
pub(crate) use packets::Packets;
pub(crate) use sandbox::Tools;
