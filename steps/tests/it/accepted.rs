//! What phones, browsers and cameras make goes through.

use stagemark::Step;
use stagemark_media::{Edit, Probe, RemoveAudio, Video, Watermark, assets};

use crate::studio::{CLIP, QUICK, Studio};

const PICTURES: &str = "-f lavfi -i testsrc=s=192x108:r=25:d=1.2";
const SOUND: &str = "-f lavfi -i sine=d=1.2";

/// Makes a file so, trims it to a second and brings it into a small 16:9 shape.
async fn goes_through(studio: &Studio, args: &str, name: &str) -> Video {
    let upload = studio.made(args, name).await;
    let edited = studio.edited(upload, 1000).await;
    let shape = studio.ask(&edited.artifact, "stream=codec_name,width,height,sample_aspect_ratio,pix_fmt").await;
    assert_eq!(shape, "h264,320,180,1:1,yuv420p");
    edited
}

/// The same, with pictures of a second in this codec and sound in that one.
async fn second_of(codecs: &str, name: &str) -> Video {
    let video = goes_through(&Studio::new(), &format!("{PICTURES} {SOUND} {codecs}"), name).await;
    assert_eq!((video.frames, video.has_audio()), (25, true));
    video
}

#[tokio::test]
async fn the_clip_of_the_repository() {
    let studio = Studio::new();

    let edited = studio.edited(studio.upload(CLIP.as_ref()).await, 1000).await;

    assert_eq!((edited.frames, edited.frame_rate.to_string().as_str()), (25, "25/1"));
}

#[tokio::test]
async fn h264_in_mov() {
    second_of("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac", "a.mov").await;
}

#[tokio::test]
async fn hevc_of_ten_bits_in_mkv() {
    second_of("-c:v libx265 -preset ultrafast -x265-params log-level=error -pix_fmt yuv420p10 -c:a flac", "a.mkv")
        .await;
}

#[tokio::test]
async fn vp8_in_webm() {
    second_of("-c:v libvpx -deadline realtime -b:v 300k -c:a libvorbis", "a.webm").await;
}

#[tokio::test]
async fn vp9_in_webm() {
    second_of("-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus", "a.webm").await;
}

#[tokio::test]
async fn av1_in_mp4() {
    second_of("-c:v libaom-av1 -usage realtime -cpu-used 8 -pix_fmt yuv420p -c:a aac", "a.mp4").await;
}

#[tokio::test]
async fn mpeg4_in_avi() {
    second_of("-c:v mpeg4 -bf 2 -c:a libmp3lame", "a.avi").await;
}

#[tokio::test]
async fn h264_in_a_transport_stream() {
    second_of("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a mp2", "a.ts").await;
}

#[tokio::test]
async fn a_browsers_recording_without_a_duration() {
    let codecs = "-c:v libvpx -deadline realtime -c:a libopus -live 1 -f webm";
    let video = second_of(codecs, "a.webm").await;
    assert_eq!(video.frame_rate.to_string(), "25/1");
}

#[tokio::test]
async fn a_fragmented_mp4() {
    second_of("-c:v libx264 -preset ultrafast -c:a aac -movflags frag_keyframe+empty_moov+delay_moov", "a.mp4").await;
}

#[tokio::test]
async fn a_silent_one() {
    let video = goes_through(&Studio::new(), &format!("{PICTURES} -c:v libx264 -preset ultrafast"), "a.mp4").await;

    assert!(!video.has_audio());
}

#[tokio::test]
async fn odd_sizes() {
    let odd = "-f lavfi -i testsrc=s=161x121:r=25:d=1 -c:v libx264 -preset ultrafast -pix_fmt yuv444p";

    goes_through(&Studio::new(), odd, "a.mp4").await;
}

#[tokio::test]
async fn four_k() {
    let large = "-f lavfi -i testsrc=s=3840x2160:r=25:d=0.2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p";

    let video = goes_through(&Studio::new(), large, "a.mp4").await;

    assert_eq!(video.frames, 5);
}

#[tokio::test]
async fn a_portrait_that_the_metadata_turns() {
    let studio = Studio::new();
    let lying = studio.make(&format!("{PICTURES} -c:v libx264 -preset ultrafast -pix_fmt yuv420p"), "lying.mp4");
    let mut bytes = std::fs::read(lying).unwrap();
    // The matrix of the track header: a quarter turn.
    let matrix = bytes.windows(4).position(|four| four == b"tkhd").unwrap() + 44;
    bytes[matrix..matrix + 20].copy_from_slice(&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0]);

    let upload = studio.upload_bytes(bytes).await;
    let video = Probe::default().run(&studio.attempt(), upload.clone()).await.unwrap();

    assert_eq!((video.width_px, video.height_px), (108, 192));
    assert_eq!(studio.edited(upload, 1000).await.frames, 25);
}

#[tokio::test]
async fn each_step_takes_what_was_probed_alone() {
    let studio = Studio::new();
    let odd = format!("-f lavfi -i testsrc=s=161x121:r=25:d=1.2 {SOUND} -c:v libvpx -deadline realtime -c:a libopus");
    let probed = studio.run(&Probe::default(), studio.made(&odd, "a.webm").await).await.unwrap();

    let silent = studio.run(&RemoveAudio, probed.clone()).await.unwrap();
    let marked = studio.run(&Watermark::png(assets::LOGO).encoding(QUICK), probed.clone()).await.unwrap();
    let edited = studio.run(&Edit::size(320, 180).encoding(QUICK), probed).await.unwrap();

    for video in [&silent, &marked, &edited] {
        assert_eq!((video.frames, video.plain), (30, true));
    }
    assert_eq!((silent.has_audio(), marked.has_audio(), marked.width_px), (false, true, 160));
}

#[tokio::test]
async fn a_variable_frame_rate_becomes_constant() {
    let studio = Studio::new();
    let uneven = format!("{PICTURES} -vf select='lt(n,10)+not(mod(n,4))' -c:v libx264 -preset ultrafast");

    let video = goes_through(&studio, &uneven, "a.mp4").await;

    let times = studio.ask(&video.artifact, "packet=duration_time").await;
    let mut gaps: Vec<&str> = times.lines().collect();
    gaps.dedup();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
}

#[tokio::test]
async fn a_size_that_changes_in_the_middle() {
    let studio = Studio::new();
    let coded = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";
    studio.make(&format!("-f lavfi -i testsrc=s=192x108:r=25:d=0.6 {coded}"), "one.ts");
    studio.make(&format!("-f lavfi -i testsrc=s=128x128:r=25:d=0.6 {coded}"), "two.ts");
    let mut both = std::fs::read(studio.file("one.ts")).unwrap();
    both.extend(std::fs::read(studio.file("two.ts")).unwrap());

    let video = studio.edited(studio.upload_bytes(both).await, 2000).await;

    assert_eq!(video.frames, 30);
}
