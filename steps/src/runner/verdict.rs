//! What the end of a program means for the file it worked on: is the file at fault, or may it pass?

use std::os::unix::process::ExitStatusExt;

use super::{child::Ended, ffmpeg::STREAMS_MAX};
use crate::{MediaError, error::Said};

/// The end of ffmpeg.
pub(super) fn judge_ffmpeg(ended: Ended) -> Result<(), MediaError> {
    const OUT_OF_TIME: [&str; 2] = ["received signal 24", "Received > 3 system signals"];
    const DAMAGE: [&str; 3] = ["Decode error rate", "Invalid data found", "Error while decoding"];
    let Ended { status, said } = ended;
    if status.success() {
        return Ok(());
    }
    // ffmpeg takes the signal that its time is over for a wish to end early, and says so last; it comes each second.
    let out_of_time = said.lines().last().is_some_and(|last| OUT_OF_TIME.iter().any(|sign| last.contains(sign)));
    match status.signal() {
        Some(24) => return Err(MediaError::TooCostly { what: "time" }),
        None if out_of_time => return Err(MediaError::TooCostly { what: "time" }),
        Some(25) => return Err(MediaError::TooCostly { what: "room" }),
        _ => {}
    }
    let said = faults(&said);
    if said.contains("Cannot allocate memory") || said.contains("malloc") {
        return Err(MediaError::TooCostly { what: "memory" });
    }
    let full = said.contains("No space left") || said.contains("quota");
    if !full && status.code().is_some() && DAMAGE.iter().any(|sign| said.contains(sign)) {
        return Err(MediaError::Damaged { source: Said(said) });
    }
    Err(MediaError::Failed { program: "ffmpeg", status: status.to_string(), said })
}

/// What is worth telling: warnings and errors.
fn faults(said: &str) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| !line.contains("[info]")).collect();
    lines.join("; ")
}

/// The end of ffprobe.
pub(super) fn judge_ffprobe(Ended { status, said }: Ended) -> Result<(), MediaError> {
    if status.success() {
        return Ok(());
    }
    match (status.signal(), status.code()) {
        (Some(24), _) => Err(MediaError::TooCostly { what: "time" }),
        (_, Some(1)) if said.contains("max_streams") => Err(MediaError::TooManyStreams { max: STREAMS_MAX }),
        (_, Some(1)) if said.contains("Cannot allocate memory") => Err(MediaError::TooCostly { what: "memory" }),
        (_, Some(1)) => Err(MediaError::NotVideo { source: Said(said) }),
        _ => Err(MediaError::Failed { program: "ffprobe", status: status.to_string(), said }),
    }
}
