//! Sound is brought to one loudness, and stays with the pictures.

use std::process::Command;

use stagemark::Artifact;
use stagemark_media::{Bumpers, Edit, Loudness, Probe, Watermark, assets};

use crate::studio::{CLIP, QUICK, Studio};

const FAINT: &str = "-f lavfi -i testsrc=s=64x64:r=25:d=4 -f lavfi -i sine=f=997:d=4 -af volume=0.05 -c:v libx264 \
                     -preset ultrafast -pix_fmt yuv420p -c:a aac";

/// The loudness of a file as another filter measures it, in LUFS.
async fn loudness(studio: &Studio, artifact: &Artifact) -> f64 {
    let file = studio.local(artifact, "heard").await;
    let mut listen = Command::new("ffmpeg");
    listen.args(["-nostats", "-i"]).arg(file).args(["-vn", "-af", "ebur128", "-f", "null", "-"]);
    let said = String::from_utf8(listen.output().unwrap().stderr).unwrap();
    let found = said.rsplit_once("I:").unwrap().1.split_whitespace().next().unwrap();
    found.parse().unwrap()
}

#[tokio::test]
async fn a_faint_video_is_as_loud_as_was_asked_for() {
    let studio = Studio::new();
    let video = studio.edited(studio.made(FAINT, "a.mp4").await, 4000).await;

    let level = studio.run(&Loudness::default().target(-20.0), video.clone()).await.unwrap();

    let (before, after) = (loudness(&studio, &video.artifact).await, loudness(&studio, &level.artifact).await);
    assert!(before < -35.0 && (after + 20.0).abs() < 1.0, "{before} {after}");
    assert_eq!((level.frames, level.duration), (video.frames, video.duration));
    assert_eq!(studio.brightness(&level.artifact, "null").await, studio.brightness(&video.artifact, "null").await);
}

#[tokio::test]
async fn what_is_silent_stays_as_it_is() {
    let studio = Studio::new();
    let mute = "-f lavfi -i testsrc=s=64x64:r=25:d=1 -f lavfi -i anullsrc -shortest -c:v libx264 -preset ultrafast";
    let without = studio.made("-f lavfi -i testsrc=s=64x64:r=25:d=1 -c:v libx264 -preset ultrafast", "b.mp4").await;
    let video = studio.edited(studio.made(mute, "a.mp4").await, 1000).await;
    let without = studio.run(&Probe::default(), without).await.unwrap();

    assert_eq!(studio.run(&Loudness::default(), video.clone()).await.unwrap().frames, video.frames);
    assert_eq!(studio.run(&Loudness::default(), without.clone()).await.unwrap(), without);
}

#[tokio::test]
async fn pictures_begin_at_zero_when_bumpers_have_sound() {
    let studio = Studio::new();
    let video = studio.edited(studio.upload(CLIP.as_ref()).await, 400).await;

    let video = studio.run(&Bumpers::new(assets::INTRO, assets::OUTRO).encoding(QUICK), video).await.unwrap();

    let times = studio.ask(&video.artifact, "packet=pts_time").await;
    assert!(video.has_audio() && times.lines().any(|time| time.trim_end_matches(',') == "0.000000"), "{times}");
}

#[tokio::test]
async fn no_picture_is_lost_where_sound_comes_first_and_goes() {
    let studio = Studio::new();
    let late = "-f lavfi -i sine=d=2 -itsoffset 0.8 -f lavfi -i testsrc=s=64x64:r=25:d=1 -c:v libx264 -c:a mp2";
    let probed = studio.run(&Probe::default(), studio.made(late, "a.ts").await).await.unwrap();

    let silent = studio.run(&stagemark_media::RemoveAudio, probed).await.unwrap();

    assert_eq!(silent.frames, 25);
}

/// What a decoder complains of in the sound of a file, at its end.
async fn complaints(studio: &Studio, artifact: &Artifact) -> String {
    let file = studio.local(artifact, "decoded").await;
    let mut decode = Command::new("ffmpeg");
    decode.args(["-v", "error", "-i"]).arg(file).args(["-map", "0:a", "-f", "null", "-"]);
    let decoded = decode.output().unwrap();
    String::from_utf8_lossy(&decoded.stderr).into_owned()
}

#[tokio::test]
async fn sound_that_is_carried_is_heard_between_bumpers() {
    let studio = Studio::new();
    let bumpers = Bumpers::new(assets::LOGO, assets::LOGO).encoding(QUICK);
    for sound in ["-ac 6", "-ac 1", "-ar 22050", "-ac 2 -ar 48000"] {
        let made = format!(
            "-f lavfi -i testsrc=s=64x64:r=25:d=2 -f lavfi -i sine=f=997:d=2 -c:v libx264 -preset ultrafast \
             -pix_fmt yuv420p -c:a aac {sound}"
        );
        let upload = studio.made(&made, "a.mp4").await;
        let marked = Watermark::png(assets::LOGO).encoding(QUICK);
        let video = studio.run(&marked, studio.run(&Probe::default(), upload).await.unwrap()).await.unwrap();

        let joined = studio.run(&bumpers, video.clone()).await.unwrap();

        assert_eq!(complaints(&studio, &joined.artifact).await, "", "{sound}");
        let (alone, between) = (loudness(&studio, &video.artifact).await, loudness(&studio, &joined.artifact).await);
        assert!((alone - between).abs() < 4.0, "{sound}: {alone} and {between} LUFS");
    }
}

#[tokio::test]
async fn sound_that_is_encoded_anew_keeps_its_end() {
    let studio = Studio::new();
    let opus = "-f lavfi -i testsrc=s=64x64:r=25:d=8 -f lavfi -i sine=d=8 -c:v libx264 -preset ultrafast -c:a libopus";
    let probed = studio.run(&Probe::default(), studio.made(opus, "a.mkv").await).await.unwrap();

    let video = studio.run(&Edit::size(64, 64).encoding(QUICK), probed).await.unwrap();

    let file = studio.local(&video.artifact, "out.mp4").await;
    let samples = studio.make(&format!("-i {} -map 0:a -f s16le -ac 1", file.display()), "samples");
    let samples = std::fs::metadata(samples).unwrap().len() / 2;
    // Opus has its beginning before zero, and AAC comes in packets of 1024.
    assert!(samples.abs_diff(8 * 48_000) <= 1024, "{samples} of {}", 8 * 48_000);
}
