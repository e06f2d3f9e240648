//! What a child process may use.

use std::time::Duration;

/// What one ffmpeg process may use before it is stopped.
///
/// ```
/// use std::time::Duration;
/// use stagemark_media::Limits;
///
/// let short = Limits { wall: Duration::from_mins(1), ..Limits::default() };
/// assert_eq!(short.open_files, 64);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Address space; default 4 GiB, which a 4K video needs a third of.
    pub memory_bytes: u64,
    /// Processor time, of all threads together; default 2 hours.
    pub cpu: Duration,
    /// The largest file it may write; default 4 GiB.
    pub file_bytes: u64,
    /// Files open at a time; default 64.
    pub open_files: u32,
    /// Time on the clock; default 2 hours. The timeout of the step is usually shorter.
    pub wall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let two_hours = Duration::from_hours(2);
        Self { memory_bytes: 4 << 30, cpu: two_hours, file_bytes: 4 << 30, open_files: 64, wall: two_hours }
    }
}

impl Limits {
    /// Enough to look into a file, and little more.
    pub(crate) fn probing() -> Self {
        Self {
            memory_bytes: 2 << 30,
            cpu: Duration::from_mins(1),
            file_bytes: 1,
            open_files: 64,
            wall: Duration::from_mins(2),
        }
    }
}
