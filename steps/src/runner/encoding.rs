//! How pictures are encoded.

/// How pictures are encoded as H.264, 8 bits, 4:2:0, in an MP4 that plays while it loads.
///
/// ```
/// use stagemark_media::Encoding;
///
/// let small = Encoding { crf: 28, ..Encoding::default() };
/// assert_eq!(small.preset, "fast");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// How hard x264 tries: `ultrafast` to `veryslow`; default `fast`.
    pub preset: &'static str,
    /// The quality: 0 is lossless, 51 the worst; default 21.
    pub crf: u8,
}

impl Default for Encoding {
    fn default() -> Self {
        Self { preset: "fast", crf: 21 }
    }
}

impl Encoding {
    /// For what is encoded again by a later step: quick and near the original, at three times the size.
    pub const BETWEEN: Self = Self { preset: "superfast", crf: 15 };
}
