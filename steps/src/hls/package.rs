//! Packages renditions for HTTP Live Streaming.

use std::time::Duration;

use stagemark::{Attempt, Name, Options, Step, StepError};
use tokio::fs;

use super::{
    EncodedRendition, Hls, HlsTrack,
    playlist::{Load, Playlist, Variant, master},
};
use crate::{Expect, Ffmpeg, MediaError, Video, Workbench, audio, cut::Cut, options, runner::hex};

const SOURCE: &str = "source";
const SOUND: &str = "sound";
const MASTER: &str = "master.m3u8";

/// Packages renditions for HTTP Live Streaming: fragmented MP4 in media segments, a media playlist for each rendition and
/// for the sound, and a master playlist. Pictures are copied; the sound of the source is encoded once, for all.
///
/// The media segments of all renditions are as many, and have the same times.
///
/// # Errors
/// [`Wrong`](MediaError::Wrong) if the renditions do not go together: others than [`EncodeRendition`] made of one source
/// with one length of media segments.
///
/// [`EncodeRendition`]: crate::EncodeRendition
///
/// ```
/// use stagemark::Step;
/// use stagemark_media::PackageHls;
///
/// assert_eq!(PackageHls.name().as_str(), "package-hls");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct PackageHls;

/// A track in the folder, cut into media segments.
struct Cutting {
    /// The file of its media playlist.
    file: String,
    playlist: Playlist,
    load: Load,
}

/// The pictures of a rendition, cut into media segments.
struct Pictures {
    track: Cutting,
    /// As RFC 6381 names it.
    codec: String,
}

impl Pictures {
    fn variant(&self, EncodedRendition { rendition, video, .. }: &EncodedRendition) -> Variant<'_> {
        let Self { track: Cutting { file, load, .. }, codec } = self;
        Variant { playlist: file, rendition: *rendition, rate: video.frame_rate, codec, load: *load }
    }
}

impl PackageHls {
    async fn package(attempt: &Attempt, source: &Video, ladder: &[EncodedRendition]) -> Result<Hls, MediaError> {
        let first = together(ladder)?;
        let bench = Workbench::open(attempt).await?;
        let mut tracks = Vec::new();
        for (number, encoded) in ladder.iter().enumerate() {
            tracks.push(cut_pictures(&bench, encoded, &format!("video{number}")).await?);
        }
        go_together(&tracks, first)?;
        let sound = if source.has_audio() { Some(cut_sound(&bench, source, first).await?) } else { None };
        let told: Vec<Variant<'_>> =
            tracks.iter().zip(ladder).map(|(pictures, encoded)| pictures.variant(encoded)).collect();
        let text = master(&told, sound.as_ref().map(|sound| (&*sound.file, sound.load)));
        bench.write(MASTER, text.as_bytes()).await?;
        let mut variants = Vec::new();
        for Pictures { track, .. } in &tracks {
            variants.push(track.put(&bench).await?);
        }
        let sound = match &sound {
            Some(track) => Some(track.put(&bench).await?),
            None => None,
        };
        // Last: whoever finds it finds the rest.
        Ok(Hls { master: bench.put(MASTER).await?, variants, sound })
    }
}

/// Whether the renditions are of one source and have their key pictures at the same places; gives the first.
fn together(ladder: &[EncodedRendition]) -> Result<&EncodedRendition, MediaError> {
    let [first, rest @ ..] = ladder else {
        return Err(MediaError::Wrong { what: "count of renditions", found: "0".into(), expected: "more".into() });
    };
    for encoded in rest {
        same("count of a rendition's pictures", &encoded.video.frames, &first.video.frames)?;
        same("rate of a rendition", &encoded.video.frame_rate, &first.video.frame_rate)?;
        same("distance of a rendition's key pictures", &encoded.key_interval, &first.key_interval)?;
    }
    Ok(first)
}

/// Whether all renditions have media segments of the same times, one from each key picture to the next.
fn go_together(tracks: &[Pictures], first: &EncodedRendition) -> Result<(), MediaError> {
    let count = first.video.frames.div_ceil(first.key_interval.max(1));
    for Pictures { track, .. } in tracks {
        same("count of media segments", &track.playlist.segments.len(), &count)?;
        let times = [track, &tracks[0].track].map(|track| format!("{:?}", track.playlist.times()));
        same("times of media segments", &times[0], &times[1])?;
    }
    Ok(())
}

/// Lays a rendition into the folder, and cuts it into media segments, at each of its key pictures.
async fn cut_pictures(bench: &Workbench<'_>, encoded: &EncodedRendition, name: &str) -> Result<Pictures, MediaError> {
    let (video, file) = (&encoded.video, format!("{name}.mp4"));
    bench.fetch_video(video, &file).await?;
    bench.check(&file, &Expect::like(video).frames(video.frames)).await?;
    let setup = bench.pictures(&file).await?.setup;
    // After the version: profile, its constraints, level.
    let codec = format!("avc1.{}", setup.get(1..4).map(hex).unwrap_or_default());
    // Half a picture less than the distance of two key pictures, since a cut is made at the first one after the time.
    let rate = video.frame_rate;
    let length = rate.time_of(encoded.key_interval).saturating_sub(rate.frame_time() / 2);
    let ffmpeg = bench.ffmpeg().input(&file).args(["-map", "0:v:0", "-c", "copy"]);
    hls(ffmpeg, name, length).run(video.duration).await?;
    Ok(Pictures { track: Cutting::look(bench, name).await?, codec })
}

/// Encodes the sound, and cuts it into media segments of about the length of those of the pictures.
async fn cut_sound(bench: &Workbench<'_>, source: &Video, first: &EncodedRendition) -> Result<Cutting, MediaError> {
    bench.fetch_video(source, SOURCE).await?;
    let cut = Cut::whole(source);
    let ffmpeg = audio::encode(cut.input(bench.ffmpeg(), SOURCE), source);
    let ffmpeg = match cut.sound() {
        Some(filter) => ffmpeg.args(["-af", &filter]),
        None => ffmpeg,
    };
    let ffmpeg = Cut::length(ffmpeg, first.video.duration);
    let length = first.video.frame_rate.time_of(first.key_interval);
    audio::beside_pictures(hls(ffmpeg, SOUND, length), source).run(first.video.duration).await?;
    Cutting::look(bench, SOUND).await
}

/// Writes media segments of this length, and their media playlist.
fn hls<'a>(ffmpeg: Ffmpeg<'a>, name: &str, length: Duration) -> Ffmpeg<'a> {
    let (setup, segments) = (format!("{name}-setup.mp4"), format!("{name}-%05d.m4s"));
    let length = format!("{:.6}", length.as_secs_f64());
    // Times as they are, and the order of decoding told by times before that of showing: so each track begins at zero.
    ffmpeg
        .args(["-avoid_negative_ts", "disabled", "-f", "hls", "-hls_time", &length, "-hls_playlist_type", "vod"])
        .args(["-hls_segment_type", "fmp4", "-hls_segment_options", "movflags=+negative_cts_offsets"])
        .args(["-hls_flags", "independent_segments", "-hls_fmp4_init_filename", &setup])
        .args(["-hls_segment_filename", &segments])
        .output(&format!("{name}.m3u8"))
}

impl Cutting {
    /// What ffmpeg has made, by the playlist that it wrote.
    async fn look(bench: &Workbench<'_>, name: &str) -> Result<Self, MediaError> {
        let file = format!("{name}.m3u8");
        let text = fs::read_to_string(bench.path(&file)).await.map_err(MediaError::scratch(&file))?;
        let Some(playlist) = Playlist::read(&text) else {
            return Err(MediaError::Wrong { what: "playlist", found: text, expected: "one that ends".into() });
        };
        let mut weights = Vec::new();
        for (lasts, segment) in &playlist.segments {
            weights.push((*lasts, bench.size_bytes(segment).await?));
        }
        Ok(Self { file, load: Load::of(&weights), playlist })
    }

    async fn put(&self, bench: &Workbench<'_>) -> Result<HlsTrack, MediaError> {
        let mut segments = Vec::new();
        for (_, file) in &self.playlist.segments {
            segments.push(bench.put(file).await?);
        }
        let (setup, playlist) = (bench.put(&self.playlist.setup).await?, bench.put(&self.file).await?);
        let Load { peak_bps, average_bps } = self.load;
        Ok(HlsTrack { playlist, setup, segments, peak_bps, average_bps })
    }
}

fn same<A: ToString + ?Sized, B: ToString + ?Sized>(
    what: &'static str,
    found: &A,
    expected: &B,
) -> Result<(), MediaError> {
    let (found, expected) = (found.to_string(), expected.to_string());
    if found == expected { Ok(()) } else { Err(MediaError::Wrong { what, found, expected }) }
}

impl Step for PackageHls {
    const NAME: Name = Name::new("package-hls");
    type Input = (Video, Vec<EncodedRendition>);
    type Output = Hls;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, input: Self::Input) -> Result<Hls, StepError> {
        let (source, ladder) = input;
        Self::package(attempt, &source, &ladder).await.map_err(MediaError::into_step_error)
    }
}
