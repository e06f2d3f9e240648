//! An opening and a closing are joined without a seam, and made once.

use std::time::Duration;

use stagemark::ports::Artifacts;
use stagemark_media::{Bumpers, Encoding, Probe, Video, assets};

use crate::studio::{CLIP, QUICK, Studio};

fn bumpers() -> Bumpers {
    Bumpers::new(assets::INTRO, assets::LOGO).still(Duration::from_secs(1)).encoding(QUICK)
}

async fn main_part(studio: &Studio) -> Video {
    studio.edited(studio.upload(CLIP.as_ref()).await, 800).await
}

#[tokio::test]
async fn the_pictures_add_up_and_come_evenly() {
    let studio = Studio::new();

    let video = studio.run(&bumpers(), main_part(&studio).await).await.unwrap();

    assert_eq!(video.frames, 40 + 20 + 25);
    let mut times: Vec<f64> = studio
        .ask(&video.artifact, "packet=pts_time")
        .await
        .lines()
        .map(|time| time.trim_end_matches(',').parse().unwrap())
        .collect();
    times.sort_by(f64::total_cmp);
    assert!(times.windows(2).all(|two| (two[1] - two[0] - 0.04).abs() < 0.001), "{times:?}");
}

#[tokio::test]
async fn sound_lasts_as_long_as_the_pictures() {
    let studio = Studio::new();

    let video = studio.run(&bumpers(), main_part(&studio).await).await.unwrap();

    let probed = studio.run(&Probe::default(), stagemark_media::Upload::new(video.artifact)).await.unwrap();
    assert!(probed.has_audio());
    assert!(probed.duration.abs_diff(Duration::from_millis(3400)) < Duration::from_millis(80));
}

#[tokio::test]
async fn a_bumper_that_was_kept_is_used_again() {
    let studio = Studio::new();
    let video = main_part(&studio).await;
    studio.run(&bumpers(), video.clone()).await.unwrap();
    let kept = studio.artifacts.list("kept").await.unwrap();
    assert_eq!(kept.len(), 2);

    // Another bumper, under the name of each: it shows in the video, so it was not made anew.
    let marked = studio.file("marked.mp4");
    studio.attempt().fetch(&video.artifact, &marked).await.unwrap();
    for key in &kept {
        studio.attempt().keep(key.trim_start_matches("kept/"), &marked).await.unwrap();
    }
    let again = studio.run(&bumpers(), video).await.unwrap();

    assert_eq!(again.frames, 20 + 20 + 20);
}

#[tokio::test]
async fn a_kept_bumper_that_was_damaged_is_made_anew() {
    let studio = Studio::new();
    let video = main_part(&studio).await;
    studio.run(&bumpers(), video.clone()).await.unwrap();
    std::fs::write(studio.file("broken"), b"broken").unwrap();
    for key in studio.artifacts.list("kept").await.unwrap() {
        studio.attempt().keep(key.trim_start_matches("kept/"), &studio.file("broken")).await.unwrap();
    }

    let again = studio.run(&bumpers(), video).await.unwrap();

    assert_eq!(again.frames, 40 + 20 + 25);
}

#[tokio::test]
async fn a_video_that_was_not_edited_cannot_be_joined() {
    let studio = Studio::new();
    let webm = "-f lavfi -i testsrc=s=64x64:r=25:d=0.5 -c:v libvpx -deadline realtime";
    let probed = studio.run(&Probe::default(), studio.made(webm, "a.webm").await).await.unwrap();

    let refusal = studio.refusal(&bumpers(), probed).await;

    assert_eq!(refusal, "this VP8 video cannot be joined with bumpers: put Edit before Bumpers");
}

#[tokio::test]
async fn all_parts_have_one_set_of_parameters() {
    let studio = Studio::new();
    let worse = Encoding { crf: 35, ..QUICK };
    let video = studio.run(&bumpers().encoding(worse), main_part(&studio).await).await.unwrap();

    studio.local(&video.artifact, "joined.mp4").await;
    let stream =
        std::fs::read(studio.make("-i joined.mp4 -an -c copy -bsf:v h264_mp4toannexb", "joined.h264")).unwrap();

    let starts = stream.windows(4).enumerate().filter(|(_, four)| four[..3] == [0, 0, 1] && four[3] & 31 == 7);
    let mut sets: Vec<&[u8]> = starts.map(|(at, _)| &stream[at..at + 24]).collect();
    assert!(sets.len() >= 3, "{}", sets.len());
    sets.dedup();
    assert_eq!(sets.len(), 1);
}
