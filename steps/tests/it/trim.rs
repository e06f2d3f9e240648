//! A trim is exact to the frame.

use std::time::Duration;

use stagemark_media::{Trim, Video};

use crate::studio::{QUICK, Studio};

/// Two seconds in which each of 50 pictures is brighter than the one before, and only the first is a key frame.
const BRIGHTER: &str = "-f lavfi -i color=s=64x64:r=25:d=2,geq=lum='20+N*4':cb=128:cr=128 -g 250 -c:v libx264 \
                        -preset veryfast -crf 5 -pix_fmt yuv420p";

async fn first_and_last(studio: &Studio, video: &Video) -> (i32, i32) {
    let seen = studio.brightness(&video.artifact, "null").await;
    let number = |brightness: u8| (i32::from(brightness) - 20 + 2) / 4;
    (number(seen[0]), number(seen[seen.len() - 1]))
}

async fn trimmed(studio: &Studio, name: &str, args: &str) -> Video {
    let upload = studio.made(&format!("{BRIGHTER} {args}"), name).await;
    let trim = Trim::to(Duration::from_millis(800)).starting_at(Duration::from_millis(400)).encoding(QUICK);
    studio.run(&trim, upload).await.unwrap()
}

#[tokio::test]
async fn it_begins_and_ends_at_the_frame_asked_for() {
    let studio = Studio::new();

    let video = trimmed(&studio, "a.mp4", "").await;

    assert_eq!((video.frames, first_and_last(&studio, &video).await), (20, (10, 29)));
}

#[tokio::test]
async fn it_is_exact_where_the_container_has_no_index() {
    let studio = Studio::new();

    let video = trimmed(&studio, "a.ts", "").await;

    assert_eq!((video.frames, first_and_last(&studio, &video).await), (20, (10, 29)));
}

#[tokio::test]
async fn what_is_shorter_stays_whole() {
    let studio = Studio::new();
    let upload = studio.made(BRIGHTER, "a.mkv").await;

    let video = studio.run(&Trim::to(Duration::from_secs(30)).encoding(QUICK), upload).await.unwrap();

    assert_eq!((video.frames, video.duration), (50, Duration::from_secs(2)));
}

#[tokio::test]
async fn a_start_after_the_end_is_refused() {
    let studio = Studio::new();
    let upload = studio.made(BRIGHTER, "a.mp4").await;

    let late = Trim::to(Duration::from_secs(1)).starting_at(Duration::from_mins(1));
    let refusal = studio.refusal(&late, upload).await;

    assert_eq!(refusal, "the video lasts 2.0 s, so nothing is left from 1:00 min on: begin earlier");
}

#[tokio::test]
async fn it_is_exact_in_a_recording_without_an_index() {
    let studio = Studio::new();

    let video = trimmed(&studio, "a.webm", "-f matroska -live 1").await;

    assert_eq!((video.frames, first_and_last(&studio, &video).await), (20, (10, 29)));
}

#[tokio::test]
async fn sound_before_the_first_picture_is_left_out() {
    let studio = Studio::new();
    studio.make(BRIGHTER, "late.ts");

    let late = "-f lavfi -i sine=d=2.8 -itsoffset 0.8 -i late.ts -map 1:v -map 0:a -c:v copy -c:a mp2";
    for name in ["a.ts", "a.mkv", "a.mp4"] {
        let upload = studio.made(late, name).await;
        let video = studio.run(&Trim::to(Duration::from_secs(30)).encoding(QUICK), upload).await.unwrap();

        assert_eq!((video.frames, first_and_last(&studio, &video).await), (50, (0, 49)), "{name}");
    }
}

#[tokio::test]
async fn a_last_picture_that_stands_still_is_kept_as_long() {
    let studio = Studio::new();
    let still = "-f lavfi -i testsrc=s=64x64:r=25:d=3 -vf select='lt(n,10)+eq(n,74)' -c:v libx264";
    let upload = studio.made(still, "a.mp4").await;

    let video = studio.run(&Trim::to(Duration::from_secs(30)).encoding(QUICK), upload).await.unwrap();

    assert!(video.duration.abs_diff(Duration::from_secs(3)) < Duration::from_millis(50), "{:?}", video.duration);
}
