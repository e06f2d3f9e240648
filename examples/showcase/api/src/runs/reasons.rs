//! Why a run failed, in sentences for the player.
//!
//! What a step says may hold the words of a program, a path, or what a hostile file made a program say. So nothing of it is
//! passed on: it is compared, word by word, with texts that are known to be fit, whose gaps take numbers and names
//! of codecs alone.

use crate::uploads::KINDS;

/// What is said where nothing better is known.
const UNKNOWN: &str = "The video could not be processed.";
/// The longest that a gap may be filled with.
const GAP_BYTES_MAX: usize = 24;

/// What the media steps refuse files with. `{}` stands for numbers, times and names of codecs.
const FILE_TEXTS: &[&str] = &[
    "the file is empty: send a video in mp4, mov, mkv, webm, avi or ts",
    "the file has {} bytes: send one of at most {}",
    "the file is no video that can be read: send mp4, mov, mkv, webm, avi or ts",
    "the file has more than {} streams: send one with a video and at most a few sound tracks",
    "the file holds no video, only sound or text: send one with pictures that move",
    "the file holds sound and a cover picture alone: send one with pictures that move",
    "the video is encoded as {}: send H.264, HEVC, VP8, VP9, AV1 or MPEG-4",
    "the video is {}x{}: send one of 16x16 to {} pixels a picture, no side over {}",
    "the video has {} pictures a second: send one of at most {}",
    "the video lasts {}: send one of at most {}",
    "the video has no pictures in it: send one that plays",
    "the file is cut off: {} of {} can be read, so send it again, whole",
    "the file is damaged and cannot be decoded: export it again and send that",
    "the file takes too much {} to decode: export it at a common size, such as 1920x1080, and send that",
    "the video lasts {}, so nothing is left from {} on: begin earlier",
    "the video has no sound",
];

/// The kinds of files that the steps can read: more than may be sent here.
const READABLE: &str = "mp4, mov, mkv, webm, avi or ts";

/// What the steps say while they work.
const MESSAGES: &[&str] = &["done", "waits for the steps before it", "{} of video", "{} s of video"];

/// Why a step failed, as one sentence, from the texts of its error and of what caused it.
pub(crate) fn reason(chain: &[String]) -> String {
    let known = chain.iter().find(|text| FILE_TEXTS.iter().any(|known| fits(known, text)));
    known.map_or_else(|| UNKNOWN.to_owned(), |text| sentence(&text.replace(READABLE, KINDS)))
}

/// What a step says of its progress, if it is fit to be shown.
pub(crate) fn message(text: &str) -> Option<String> {
    MESSAGES.iter().any(|known| fits(known, text)).then(|| text.to_owned())
}

/// Whether a text is a known one with its gaps filled by something harmless.
fn fits(known: &str, text: &str) -> bool {
    let mut pieces = known.split("{}");
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    for piece in pieces {
        let end = if piece.is_empty() { Some(rest.len()) } else { rest.find(piece) };
        let Some(end) = end.filter(|end| is_harmless(&rest[..*end])) else { return false };
        rest = &rest[end + piece.len()..];
    }
    rest.is_empty()
}

/// A number, a time such as `4.0 s`, or a plain name.
fn is_harmless(gap: &str) -> bool {
    (1..=GAP_BYTES_MAX).contains(&gap.len())
        && gap.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | ':' | '_' | '-'))
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> String {
        reason(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_in_a_sentence() {
        let cut = of(&["the file is cut off: 4.0 s of 1:40 min can be read, so send it again, whole"]);
        let codec = of(&["the video is encoded as prores: send H.264, HEVC, VP8, VP9, AV1 or MPEG-4"]);

        assert_eq!(cut, "The file is cut off: 4.0 s of 1:40 min can be read, so send it again, whole.");
        assert!(codec.starts_with("The video is encoded as prores: "), "{codec}");
    }

    #[test]
    fn no_kind_of_file_is_asked_for_that_is_not_taken_here() {
        let told: Vec<_> = FILE_TEXTS.iter().filter(|text| text.contains(READABLE)).map(|text| of(&[text])).collect();

        assert_eq!(
            told,
            [
                "The file is empty: send a video in MP4, QuickTime, WebM or Matroska.",
                "The file is no video that can be read: send MP4, QuickTime, WebM or Matroska.",
            ]
        );
    }

    #[test]
    fn nothing_of_the_host_is_said() {
        let hostile = [
            "ffmpeg failed with exit status: 1: /var/lib/contest/scratch/7/in.mp4: Permission denied",
            "the video is encoded as /etc/passwd: send H.264, HEVC, VP8, VP9, AV1 or MPEG-4",
            "the video is encoded as <script>alert(1)</script>: send H.264, HEVC, VP8, VP9, AV1 or MPEG-4",
            "the video is encoded as : send H.264, HEVC, VP8, VP9, AV1 or MPEG-4",
            "the file is empty: send a video in mp4, mov, mkv, webm, avi or ts\n/root/.ssh/id_ed25519",
            "postgres://contest:hunter2@db/contest: the file is empty: send a video in mp4, mov, mkv, webm, avi or ts",
            "the video lasts 10.0.0.7\u{202e}: send one of at most 1:00 min",
            "the file has 99999999999999999999999999999999 bytes: send one of at most 1",
            "in.mp4 of the scratch folder could not be written or read",
            "there is no artifact runs/0198/1-trim/0/1/out.mp4",
            "",
        ];
        for text in hostile {
            assert_eq!(of(&[text, "os error 2 in /srv"]), UNKNOWN, "{text}");
            assert_eq!(message(text), None, "{text}");
        }
        assert_eq!(of(&[]), UNKNOWN);
    }

    #[test]
    fn the_cause_that_is_known_is_said() {
        let said = of(&["step probe gave up", "the video has no pictures in it: send one that plays", "/srv/x"]);

        assert_eq!(said, "The video has no pictures in it: send one that plays.");
    }

    #[test]
    fn progress_is_told() {
        for text in ["done", "12.4 s of video", "waits for the steps before it"] {
            assert_eq!(message(text).as_deref(), Some(text));
        }
    }

    /// The texts cross from the steps as text: what the steps say now must be what is known here.
    #[test]
    fn every_known_text_is_one_that_the_steps_say() {
        let steps = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../steps/src/error.rs"));
        let steps = steps.unwrap();
        for known in FILE_TEXTS {
            let pieces = known.split("{}").flat_map(|piece| piece.split(','));
            for piece in pieces.map(str::trim).filter(|piece| piece.len() > 3) {
                assert!(steps.contains(piece), "{piece:?} of {known:?}");
            }
        }
    }
}
