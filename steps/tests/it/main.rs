//! The media steps on real ffmpeg, with inputs made on the fly.

mod accepted;
mod bumpers;
mod counted;
mod encodings;
mod ends;
mod excerpt;
mod finish;
mod full_disk;
mod fused;
mod guide;
mod hostile;
mod kept;
mod ladder;
mod pictures;
mod pipeline;
mod previews;
mod refused;
mod segments;
mod sound;
mod spliced;
mod studio;
mod trim;
mod usage;
mod workflow;
