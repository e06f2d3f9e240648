//! What is no video, or more than anybody should send, is refused in one sentence.

use stagemark_media::Probe;

use crate::studio::{CLIP, Studio};

const NO_VIDEO: &str = "the file is no video that can be read: send mp4, mov, mkv, webm, avi or ts";
const SMALL: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

async fn refusal_of(args: &str, name: &str) -> String {
    let studio = Studio::new();
    studio.refusal(&Probe::default(), studio.made(args, name).await).await
}

async fn refusal_of_bytes(bytes: Vec<u8>) -> String {
    let studio = Studio::new();
    studio.refusal(&Probe::default(), studio.upload_bytes(bytes).await).await
}

#[tokio::test]
async fn an_empty_file() {
    let refusal = refusal_of_bytes(Vec::new()).await;

    assert_eq!(refusal, "the file is empty: send a video in mp4, mov, mkv, webm, avi or ts");
}

#[tokio::test]
async fn bytes_that_mean_nothing() {
    let bytes = (0_u32..20_000).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();

    assert_eq!(refusal_of_bytes(bytes).await, NO_VIDEO);
}

#[tokio::test]
async fn a_picture() {
    assert_eq!(refusal_of("-f lavfi -i testsrc=d=0.04 -f image2 -update 1", "a.png").await, NO_VIDEO);
}

#[tokio::test]
async fn sound_alone() {
    let refusal = refusal_of("-f lavfi -i sine=d=1 -c:a aac", "a.m4a").await;

    assert_eq!(refusal, "the file holds no video, only sound or text: send one with pictures that move");
}

#[tokio::test]
async fn sound_with_a_cover() {
    let inputs = "-f lavfi -i sine=d=1 -f lavfi -i testsrc=d=0.04";
    let refusal = refusal_of(&format!("{inputs} -c:a aac -c:v png -disposition:v attached_pic"), "a.m4a").await;

    assert_eq!(refusal, "the file holds sound and a cover picture alone: send one with pictures that move");
}

#[tokio::test]
async fn another_codec() {
    let refusal = refusal_of("-f lavfi -i testsrc=s=64x64:d=0.2 -c:v mjpeg", "a.avi").await;

    assert_eq!(refusal, "the video is encoded as mjpeg: send H.264, HEVC, VP8, VP9, AV1 or MPEG-4");
}

#[tokio::test]
async fn another_container() {
    assert_eq!(refusal_of("-f lavfi -i testsrc=s=64x64:d=0.2 -c:v flv1", "a.flv").await, NO_VIDEO);
}

#[tokio::test]
async fn a_thousand_pictures_a_second() {
    let refusal = refusal_of(&format!("-f lavfi -i testsrc=s=64x64:r=1000:d=0.3 {SMALL}"), "a.mp4").await;

    assert_eq!(refusal, "the video has 1000.0 pictures a second: send one of at most 120");
}

#[tokio::test]
async fn a_hundred_hours() {
    let long = "-f lavfi -i testsrc=s=64x64:r=1:d=3 -vf setpts=N*180000/TB";
    let refusal = refusal_of(&format!("{long} {SMALL}"), "a.mkv").await;

    assert!(refusal.starts_with("the video lasts 1"), "{refusal}");
    assert!(refusal.ends_with(" h: send one of at most 1:00:00 h"), "{refusal}");
}

#[tokio::test]
async fn a_wall_of_pixels() {
    let refusal = refusal_of(&format!("-f lavfi -i color=s=8192x4320:r=25:d=0.04 {SMALL}"), "a.mp4").await;

    let words = "the video is 8192x4320: send one of 16x16 to 9437184 pixels a picture, no side over 4096";
    assert_eq!(refusal, words);
}

#[tokio::test]
async fn pixels_so_wide_that_a_picture_is_a_line() {
    let wide = "-f lavfi -i testsrc=s=640x64:d=0.2,setsar=20/1";

    let refusal = refusal_of(&format!("{wide} {SMALL}"), "a.mp4").await;

    assert!(refusal.starts_with("the video is 12800x64: "), "{refusal}");
}

async fn streams(count: usize) -> String {
    let maps = " -map 1:a".repeat(count);
    let inputs = "-f lavfi -i testsrc=s=64x64:d=0.2 -f lavfi -i sine=d=0.2";
    refusal_of(&format!("{inputs} -map 0:v {maps} {SMALL} -c:a aac"), "a.mkv").await
}

#[tokio::test]
async fn more_streams_than_the_policy_lets() {
    let refusal = streams(20).await;

    assert_eq!(refusal, "the file has more than 16 streams: send one with a video and at most a few sound tracks");
}

#[tokio::test]
async fn more_streams_than_ffprobe_is_let_to_open() {
    let refusal = streams(40).await;

    assert_eq!(refusal, "the file has more than 32 streams: send one with a video and at most a few sound tracks");
}

#[tokio::test]
async fn more_bytes_than_the_policy_lets() {
    let studio = Studio::new();
    let policy = stagemark_media::Policy { bytes_max: 1000, ..Default::default() };

    let refusal = studio.refusal(&Probe::new(policy), studio.upload(CLIP.as_ref()).await).await;

    assert_eq!(refusal, "the file has 1055736 bytes: send one of at most 1000");
}
