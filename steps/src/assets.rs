//! A clip, a logo and two bumpers, to try the steps with.
//!
//! The clip is from *Big Buck Bunny*, (c) 2008 Blender Foundation, <https://www.bigbuckbunny.org>, CC-BY 3.0.
//!
//! ```
//! assert!(stagemark_media::assets::LOGO.starts_with(b"\x89PNG"));
//! ```

/// Five seconds of *Big Buck Bunny*: 1280 x 720, 25 pictures a second, H.264 and AAC in MP4.
pub const CLIP: &[u8] = include_bytes!("../assets/bbb_720p_5s.mp4");

/// A logo, PNG with transparency.
pub const LOGO: &[u8] = include_bytes!("../assets/logo.png");

/// An opening of 1.6 s, MP4 without sound.
pub const INTRO: &[u8] = include_bytes!("../assets/intro.mp4");

/// A closing of 1.6 s, MP4 without sound.
pub const OUTRO: &[u8] = include_bytes!("../assets/outro.mp4");
