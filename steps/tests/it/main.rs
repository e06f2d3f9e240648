//! The media steps on real ffmpeg, with inputs made on the fly.

mod accepted;
mod pipeline;
mod refused;
mod store;
mod studio;
