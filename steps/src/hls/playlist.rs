//! Reads the media playlists that ffmpeg writes, and writes the master playlist.

use std::{fmt::Write, time::Duration};

use super::Rendition;
use crate::FrameRate;

/// What a media playlist names.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Playlist {
    /// How a decoder is set up.
    pub(super) setup: String,
    /// The media segments: how long each lasts, and its file.
    pub(super) segments: Vec<(Duration, String)>,
}

impl Playlist {
    /// Reads one that ends; `None` if it does not, or is not to be understood.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (mut playlist, mut lasts, mut is_whole) = (Self::default(), None, false);
        if lines.next() != Some("#EXTM3U") {
            return None;
        }
        for line in lines {
            if let Some(seconds) = line.strip_prefix("#EXTINF:") {
                lasts = Duration::try_from_secs_f64(seconds.split(',').next()?.parse().ok()?).ok();
            } else if let Some(map) = line.strip_prefix("#EXT-X-MAP:URI=\"") {
                map.split('"').next()?.clone_into(&mut playlist.setup);
            } else if line == "#EXT-X-ENDLIST" {
                is_whole = true;
            } else if !line.starts_with('#') && !line.is_empty() {
                playlist.segments.push((lasts.take()?, line.to_owned()));
            }
        }
        (is_whole && !playlist.setup.is_empty() && !playlist.segments.is_empty()).then_some(playlist)
    }

    pub(super) fn times(&self) -> Vec<Duration> {
        self.segments.iter().map(|(lasts, _)| *lasts).collect()
    }
}

/// How many bits a second a track takes: at the most, over one media segment, and on the average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Load {
    pub(super) peak_bps: u64,
    pub(super) average_bps: u64,
}

impl Load {
    /// Of media segments that last so long and have so many bytes.
    pub(super) fn of(segments: &[(Duration, u64)]) -> Self {
        let bits_a_second = |(lasts, bytes): (Duration, u64)| {
            let bits = u128::from(bytes) * 8 * 1_000_000;
            u64::try_from(bits.div_ceil(lasts.as_micros().max(1))).unwrap_or(u64::MAX)
        };
        let peak_bps = segments.iter().copied().map(bits_a_second).max().unwrap_or(0);
        let all = segments.iter().fold((Duration::ZERO, 0), |(time, sum), (lasts, bytes)| (time + *lasts, sum + bytes));
        Self { peak_bps, average_bps: bits_a_second(all) }
    }
}

/// A rendition, as a master playlist tells of it.
pub(super) struct Variant<'a> {
    pub(super) playlist: &'a str,
    pub(super) rendition: Rendition,
    pub(super) rate: FrameRate,
    /// As RFC 6381 names it.
    pub(super) codec: &'a str,
    pub(super) load: Load,
}

/// The master playlist of these renditions, with this media playlist of sound.
pub(super) fn master(variants: &[Variant<'_>], sound: Option<(&str, Load)>) -> String {
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    // Writing to a string does not fail.
    if let Some((playlist, _)) = sound {
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"sound\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",\
             URI=\"{playlist}\""
        );
    }
    for Variant { playlist, rendition, rate, codec, load } in variants {
        let heard = sound.map_or_else(Load::default, |(_, load)| load);
        let (codecs, group) = match sound {
            Some(_) => (format!("{codec},{AAC}"), ",AUDIO=\"sound\""),
            None => ((*codec).to_owned(), ""),
        };
        let _ = writeln!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},RESOLUTION={}x{},FRAME-RATE={:.3},CODECS=\"{codecs}\"{group}\n{playlist}",
            load.peak_bps + heard.peak_bps,
            load.average_bps + heard.average_bps,
            rendition.width_px,
            rendition.height_px,
            rate.per_second(),
        );
    }
    text
}

/// AAC of low complexity.
const AAC: &str = "mp4a.40.2";

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIA: &str = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-MAP:URI=\"a-setup.mp4\"\n#EXTINF:6.000000,\na-0.m4s\n\
                         #EXTINF:1.5,\na-1.m4s\n#EXT-X-ENDLIST\n";

    #[test]
    fn a_media_playlist_is_read() {
        let playlist = Playlist::read(MEDIA).unwrap();

        assert_eq!(playlist.setup, "a-setup.mp4");
        assert_eq!(playlist.times(), [Duration::from_secs(6), Duration::from_millis(1500)]);
        assert_eq!(playlist.segments[1].1, "a-1.m4s");
    }

    #[test]
    fn a_media_playlist_without_an_end_is_none() {
        assert_eq!(Playlist::read(&MEDIA.replace("#EXT-X-ENDLIST\n", "")), None);
        assert_eq!(Playlist::read(&MEDIA.replace("#EXTINF:1.5,\n", "")), None);
        assert_eq!(Playlist::read(""), None);
    }

    #[test]
    fn the_load_is_that_of_the_largest_segment_for_its_time() {
        let load = Load::of(&[(Duration::from_secs(6), 6000), (Duration::from_secs(1), 2000)]);

        assert_eq!(load, Load { peak_bps: 16_000, average_bps: 9143 });
    }
}
