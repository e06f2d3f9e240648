//! When the pictures of a file are shown, and at which of them decoding can begin.

use super::packets::Packet;

/// The pictures of one stream in time; all times are microseconds of the file's own clock.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    stream: u32,
    /// The time that ffmpeg takes for zero.
    pub(crate) begin: i64,
    /// When each picture is shown; in the order of the file while it is read, then in that of time.
    pub(crate) shown: Vec<i64>,
    /// The pictures that need none before them, so that decoding can begin there.
    pub(crate) keys: Vec<Key>,
}

/// A picture that needs none before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) shown: i64,
    /// When it is decoded; a seek may go by that.
    pub(crate) decoded: i64,
}

impl Timeline {
    pub(super) fn of(stream: u32) -> Self {
        Self { stream, ..Self::default() }
    }

    /// Takes in a line of JSON, as `Scan` does; the count of pictures so far is the answer.
    pub(super) fn hear(&mut self, line: &str) -> u64 {
        if let Some(packet) = Packet::parse(line)
            && packet.stream == self.stream
            && !packet.hidden
            && let Some(shown) = packet.shown.or(packet.decoded).map(micros)
        {
            self.shown.push(shown);
            if packet.is_key {
                self.keys.push(Key { shown, decoded: packet.decoded.map_or(shown, micros) });
            }
        }
        self.shown.len() as u64
    }

    /// In the order of time, in a file that begins then.
    pub(super) fn from(mut self, begin: Option<f64>) -> Self {
        self.begin = begin.map_or(0, micros);
        self.shown.sort_unstable();
        self.keys.sort_unstable();
        self
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a float stops at the bounds")]
fn micros(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_put_into_the_order_of_time() {
        let line = |pts: &str, flags: &str| {
            format!(
                r#"{{ "codec_type": "video", "stream_index": 0, "pts_time": "{pts}", "dts_time": "0.0", "flags": "{flags}" }},"#
            )
        };
        let mut timeline = Timeline::of(0);
        for (pts, flags) in [("0.08", "K_"), ("0.16", "__"), ("0.12", "__"), ("0.04", "KD")] {
            timeline.hear(&line(pts, flags));
        }

        let timeline = timeline.from(Some(0.04));

        assert_eq!((timeline.begin, &timeline.shown[..]), (40_000, &[80_000, 120_000, 160_000][..]));
        assert_eq!(timeline.keys, [Key { shown: 80_000, decoded: 0 }]);
    }

    #[test]
    fn other_streams_are_not_heard() {
        let mut timeline = Timeline::of(1);

        let heard = timeline.hear(r#"{ "codec_type": "audio", "stream_index": 0, "pts_time": "1", "flags": "K_" },"#);

        assert_eq!(heard, 0);
    }
}
