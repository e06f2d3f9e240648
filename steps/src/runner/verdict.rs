//! What the end of a program means for the file it worked on: is the file at fault, or may it pass?

use std::os::unix::process::ExitStatusExt;

use super::{child::Ended, ffmpeg::STREAMS_MAX};
use crate::{MediaError, error::Said};

/// The signals of a program that did what it must not: ILL, ABRT, BUS, FPE, SEGV, SYS.
const CRASHES: [i32; 6] = [4, 6, 7, 8, 11, 31];

/// The end of ffmpeg: the last it said, if it did what it was told.
pub(super) fn judge_ffmpeg(ended: Ended) -> Result<String, MediaError> {
    const OUT_OF_TIME: [&str; 2] = ["received signal 24", "Received > 3 system signals"];
    const FULL: [&str; 2] = ["No space left on device", "Disk quota exceeded"];
    const REFUSED: &str = "Format not on whitelist";
    const DAMAGE: [&str; 3] = ["Decode error rate", "Invalid data found", "Error while decoding"];
    let Ended { status, said } = ended;
    if status.success() {
        return Ok(said);
    }
    // ffmpeg takes the signal that its time is over for a wish to end early, and says so last; it comes each second.
    let out_of_time = said.lines().last().is_some_and(|last| OUT_OF_TIME.iter().any(|sign| last.contains(sign)));
    match status.signal() {
        Some(24) => return Err(MediaError::TooCostly { what: "time" }),
        None if out_of_time => return Err(MediaError::TooCostly { what: "time" }),
        Some(25) => return Err(MediaError::TooCostly { what: "room" }),
        Some(signal) if CRASHES.contains(&signal) => return Err(crashed("ffmpeg", signal)),
        _ => {}
    }
    let said = faults(&said);
    if let Some((_, name)) = said.split_once("Unknown encoder '") {
        let encoder = name.split('\'').next().unwrap_or_default().to_owned();
        return Err(MediaError::EncoderMissing { encoder });
    }
    if said.contains("Cannot allocate memory") || said.contains("malloc") {
        return Err(MediaError::TooCostly { what: "memory" });
    }
    if FULL.iter().any(|sign| said.contains(sign)) {
        return Err(MediaError::NoRoom { source: Said(said) });
    }
    if status.code().is_some() && said.contains(REFUSED) {
        return Err(MediaError::NotVideo { source: Said(said) });
    }
    if status.code().is_some() && DAMAGE.iter().any(|sign| said.contains(sign)) {
        return Err(MediaError::Damaged { source: Said(said) });
    }
    Err(MediaError::Failed { program: "ffmpeg", status: status.to_string(), said })
}

/// A file that makes a decoder crash does so again.
fn crashed(program: &str, signal: i32) -> MediaError {
    MediaError::Damaged { source: Said(format!("{program} crashed with signal {signal}")) }
}

/// What is worth telling: the last few warnings and errors, each once.
fn faults(said: &str) -> String {
    const LEVELS: [&str; 4] = ["[warning]", "[error]", "[fatal]", "[panic]"];
    let mut lines: Vec<&str> = said.lines().filter(|line| LEVELS.iter().any(|level| line.contains(level))).collect();
    lines.dedup();
    if lines.is_empty() {
        lines.extend(said.lines().last());
    }
    lines.split_off(lines.len().saturating_sub(5)).join("; ")
}

/// The end of ffprobe.
pub(super) fn judge_ffprobe(Ended { status, said }: Ended) -> Result<(), MediaError> {
    if status.success() {
        return Ok(());
    }
    match (status.signal(), status.code()) {
        (Some(24), _) => Err(MediaError::TooCostly { what: "time" }),
        (Some(signal), _) if CRASHES.contains(&signal) => Err(crashed("ffprobe", signal)),
        (_, Some(1)) if said.contains("max_streams") => Err(MediaError::TooManyStreams { max: STREAMS_MAX }),
        (_, Some(1)) if said.contains("Cannot allocate memory") => Err(MediaError::TooCostly { what: "memory" }),
        (_, Some(1)) => Err(MediaError::NotVideo { source: Said(said) }),
        _ => Err(MediaError::Failed { program: "ffprobe", status: status.to_string(), said }),
    }
}

#[cfg(test)]
mod tests {
    use std::process::ExitStatus;

    use super::*;

    fn failed(said: &str) -> MediaError {
        judge_ffmpeg(Ended { status: ExitStatus::from_raw(1 << 8), said: said.to_owned() }).unwrap_err()
    }

    #[test]
    fn a_full_disk_is_not_the_files_fault() {
        let full = failed("[error] Error while decoding\n[error] av_write_frame(): No space left on device\n");

        assert!(matches!(full, MediaError::NoRoom { .. }) && !full.is_permanent(), "{full:?}");
    }

    #[test]
    fn what_cannot_be_decoded_is_the_files_fault() {
        let damaged = failed("[fatal] Decode error rate 0.9 exceeds maximum 0.2\n");

        assert!(matches!(damaged, MediaError::Damaged { .. }) && damaged.is_permanent(), "{damaged:?}");
    }

    #[test]
    fn what_is_told_of_a_failure_is_short() {
        let said = "[info]   title : x\n".to_owned() + &"[error] the same\n".repeat(50) + "[fatal] the end\n";

        assert_eq!(faults(&said), "[error] the same; [fatal] the end");
    }

    #[test]
    fn a_crash_is_the_files_fault() {
        let crashed = judge_ffprobe(Ended { status: ExitStatus::from_raw(11), said: String::new() }).unwrap_err();

        assert!(matches!(crashed, MediaError::Damaged { .. }) && crashed.is_permanent(), "{crashed:?}");
    }

    #[test]
    fn a_program_that_was_killed_may_be_tried_again() {
        let killed = judge_ffmpeg(Ended { status: ExitStatus::from_raw(9), said: String::new() }).unwrap_err();

        assert!(matches!(killed, MediaError::Failed { .. }) && !killed.is_permanent(), "{killed:?}");
    }
}
