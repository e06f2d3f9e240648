//! Bumpers are put around a video in the file where it lies, and what comes of it is what ffmpeg would join.

use std::{path::Path, process::Command, time::Duration};

use metrics_exporter_prometheus::PrometheusBuilder;
use stagemark::Name;
use stagemark_media::{Bumpers, Edit, Encoding, Part, Probe, RemoveAudio, Trim, Video, assets};

use crate::{
    fused::{fused, of, pictures},
    studio::{CLIP, QUICK, Studio},
    usage::processes,
};

/// The steps before the bumpers.
fn before(encoding: &Encoding) -> [(Name, Part); 4] {
    let (trim, edit) = (Trim::<Video>::to(Duration::from_secs(2)), Edit::size(320, 180).encoding(encoding.clone()));
    [of(&Probe::default()), of(&trim.encoding(encoding.clone())), of(&edit), of(&RemoveAudio)]
}

/// Made in one pass, by so many processes, and joined by a step of its own.
async fn both_ways(studio: &Studio, encoding: &Encoding, bumpers: &Bumpers) -> ([Video; 2], f64) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _local = metrics::set_default_local_recorder(&recorder);
    let upload = studio.upload(CLIP.as_ref()).await;
    // Whoever is the first in this process asks ffmpeg for its version, too.
    let main = fused(studio, upload.clone(), before(encoding).into()).await.unwrap();
    let so_far = processes(&metrics.render());
    let parts = before(encoding).into_iter().chain([of(bumpers)]).collect();
    let in_one_pass = fused(studio, upload, parts).await.unwrap();
    let processes = processes(&metrics.render()) - so_far;
    ([in_one_pass, studio.run(bumpers, main).await.unwrap()], processes)
}

/// What ffmpeg complains of when it plays a file.
fn complaints(file: &Path) -> String {
    let mut play = Command::new("ffmpeg");
    let played = play.args(["-v", "warning", "-i"]).arg(file).args(["-f", "null", "-"]).output().unwrap();
    String::from_utf8(played.stderr).unwrap()
}

/// The place in the file of each picture, in the order in which they are decoded.
async fn places(studio: &Studio, video: &Video) -> Vec<u64> {
    let said = studio.ask(&video.artifact, "packet=pos").await;
    said.lines().map(|place| place.trim_end_matches(',').parse().unwrap()).collect()
}

async fn is_as_joined(encoding: Encoding) {
    let studio = Studio::new();
    let bumpers = Bumpers::new(assets::INTRO, assets::OUTRO).encoding(encoding.clone());

    let ([spliced, joined], processes) = both_ways(&studio, &encoding, &bumpers).await;

    assert!((processes - 3.0).abs() < 0.1, "one probes, one makes the bumpers, and one the video: {processes}");
    let of_joined = pictures(&studio, &studio.local(&joined.artifact, "joined.mp4").await);
    let file = studio.local(&spliced.artifact, "spliced.mp4").await;
    assert_eq!(pictures(&studio, &file), of_joined);
    assert_eq!((spliced.frames, spliced.duration, complaints(&file)), (joined.frames, joined.duration, String::new()));
    assert!(places(&studio, &spliced).await.is_sorted(), "it is read from its beginning to its end");
    let bytes = std::fs::read(file).unwrap();
    let found = |kind: &[u8]| bytes.windows(4).position(|four| four == kind).unwrap();
    assert!(found(b"moov") < found(b"mdat"));
    let (spliced, joined) = (spliced.artifact.size_bytes, joined.artifact.size_bytes);
    assert!(spliced < joined + joined / 20, "{spliced} bytes instead of {joined}");
}

// On one thread each, as a recorder is heard on one.

#[tokio::test(flavor = "current_thread")]
async fn h264_is_as_it_would_be_joined() {
    is_as_joined(Encoding::default()).await;
}

#[tokio::test(flavor = "current_thread")]
async fn av1_is_as_it_would_be_joined() {
    is_as_joined(Encoding { preset: "12", ..Encoding::av1() }).await;
}

#[tokio::test(flavor = "current_thread")]
async fn vp9_is_as_it_would_be_joined() {
    is_as_joined(Encoding { preset: "8", ..Encoding::vp9() }).await;
}

#[tokio::test(flavor = "current_thread")]
async fn bumpers_that_ask_for_another_decoder_are_joined_by_ffmpeg() {
    let studio = Studio::new();
    let bumpers = Bumpers::new(assets::INTRO, assets::OUTRO).encoding(Encoding::default());

    let ([in_one_pass, joined], processes) = both_ways(&studio, &QUICK, &bumpers).await;

    assert!((processes - 4.0).abs() < 0.1, "one more joins them: {processes}");
    let of_joined = pictures(&studio, &studio.local(&joined.artifact, "joined.mp4").await);
    let file = studio.local(&in_one_pass.artifact, "in-one-pass.mp4").await;
    assert_eq!((pictures(&studio, &file), in_one_pass.frames), (of_joined, 40 + 50 + 40));
}
