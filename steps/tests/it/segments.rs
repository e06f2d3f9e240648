//! A source that is encoded in segments has the pictures that it has when it is encoded in one go.

use std::time::Duration;

use stagemark::{Step, StepError};
use stagemark_media::{
    Edit, EncodeSegment, EncodedSegment, Encoding, JoinSegments, PlanSegments, Probe, Segment, Upload, Video,
};

use crate::{
    fused::pictures,
    studio::{QUICK, Studio},
};

/// Eight seconds of pictures that differ, of which each is told from the next.
const MOVING: &str = "-f lavfi -i testsrc2=s=160x90:r=25:d=8";
const SOUND: &str = "-f lavfi -i sine=d=8";
/// Key pictures where nobody would put them, and pictures that need later ones.
const UNEVEN_KEYS: &str = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 3 -g 999 -sc_threshold 0 \
                           -force_key_frames 0.32,1.2,1.56,3.4,3.44,4.48,7.2";
/// Before each key picture some are shown that are decoded after it.
const OPEN: &str = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -x264-params \
                    open-gop=1:bframes=3:b-adapt=0:keyint=30:min-keyint=30:scenecut=0";

fn plan() -> PlanSegments {
    PlanSegments::at_least(Duration::from_secs(1))
}

fn lossless() -> EncodeSegment {
    EncodeSegment::default().encoding(Encoding::LOSSLESS)
}

async fn probed(studio: &Studio, upload: Upload) -> Video {
    studio.run(&Probe::default(), upload).await.unwrap()
}

/// The source and its segments, encoded so.
async fn encoded(studio: &Studio, source: &Video, encode: &EncodeSegment) -> Vec<EncodedSegment> {
    let mut encoded = Vec::new();
    for segment in studio.run(&plan(), source.clone()).await.unwrap() {
        encoded.push(studio.run(encode, segment).await.unwrap());
    }
    encoded
}

async fn joined(studio: &Studio, source: &Video, encode: &EncodeSegment) -> Video {
    let segments = encoded(studio, source, encode).await;
    assert!(segments.len() > 2, "there is something to join: {segments:?}");
    studio.run(&JoinSegments, (source.clone(), segments)).await.unwrap()
}

/// The digests of the pictures, without their times.
fn digests(pictures: &str) -> Vec<&str> {
    let lines = pictures.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(", ").next().unwrap()).collect()
}

/// A line for each picture of a video: its time and its digest.
async fn shown(studio: &Studio, video: &Video) -> String {
    pictures(studio, &studio.local(&video.artifact, "shown.mp4").await)
}

/// The digests of the packets of a video's sound.
async fn heard(studio: &Studio, video: &Video) -> Vec<String> {
    if !video.has_audio() {
        return Vec::new();
    }
    let file = studio.local(&video.artifact, "heard.mp4").await;
    let sums = studio.make(&format!("-i {} -map 0:a -c copy -f framemd5", file.display()), "sums");
    let lines = std::fs::read_to_string(sums).unwrap();
    let packets = lines.lines().filter(|line| !line.starts_with('#'));
    packets.map(|line| line.split(", ").nth(5).unwrap().to_owned()).collect()
}

/// Segments, an encoding in one go and the source itself have the same pictures at the same times.
async fn has_the_same_pictures(source: &str, name: &str) {
    let studio = Studio::new();
    let file = studio.make(source, name);
    let video = probed(&studio, studio.upload(&file).await).await;

    let by_copy = joined(&studio, &video, &lossless()).await;

    let edit = Edit::size(96, 160).encoding(Encoding::LOSSLESS);
    let edited = joined(&studio, &video, &EncodeSegment::edited(edit.clone())).await;
    let in_one_go = studio.run(&edit, video.clone()).await.unwrap();
    let by_copy_is = shown(&studio, &by_copy).await;
    assert_eq!(digests(&by_copy_is), digests(&pictures(&studio, &file)));
    assert_eq!(shown(&studio, &edited).await, shown(&studio, &in_one_go).await);
    assert_eq!(heard(&studio, &edited).await, heard(&studio, &in_one_go).await);
    assert_eq!((by_copy.frames, edited.frames), (video.frames, video.frames));
    assert_eq!((edited.duration, edited.frame_rate), (in_one_go.duration, in_one_go.frame_rate));
    assert_eq!(edited.audio.is_some(), video.audio.is_some());
}

#[tokio::test]
async fn key_pictures_may_come_as_they_like() {
    has_the_same_pictures(&format!("{MOVING} {SOUND} {UNEVEN_KEYS} -c:a aac"), "a.mp4").await;
}

#[tokio::test]
async fn key_pictures_may_come_as_they_like_in_matroska() {
    has_the_same_pictures(&format!("{MOVING} {SOUND} {UNEVEN_KEYS} -c:a libopus"), "a.mkv").await;
}

#[tokio::test]
async fn pictures_may_be_shown_before_the_key_picture_that_they_need() {
    has_the_same_pictures(&format!("{MOVING} {OPEN}"), "a.mp4").await;
}

#[tokio::test]
async fn pictures_may_be_shown_before_the_key_picture_that_they_need_in_matroska() {
    has_the_same_pictures(&format!("{MOVING} {OPEN}"), "a.mkv").await;
}

#[tokio::test]
async fn hevc_is_begun_at_pictures_that_others_are_shown_before() {
    let hevc = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p -x265-params \
                log-level=error:open-gop=1:bframes=3:b-adapt=0:keyint=30:min-keyint=30:scenecut=0";

    for name in ["a.mp4", "a.mkv"] {
        has_the_same_pictures(&format!("{MOVING} {hevc}"), name).await;
    }
}

#[tokio::test]
async fn vp9_with_pictures_that_are_never_shown_is_as_in_one_go() {
    let vp9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -auto-alt-ref 1 -lag-in-frames 16 -b:v 300k -g 40";

    has_the_same_pictures(&format!("{MOVING} {SOUND} {vp9} -c:a libopus"), "a.webm").await;
}

#[tokio::test]
async fn a_clock_may_begin_at_any_time() {
    for name in ["a.mp4", "a.mkv"] {
        has_the_same_pictures(&format!("{MOVING} {SOUND} {UNEVEN_KEYS} -c:a aac -output_ts_offset 0.417"), name).await;
    }
}

#[tokio::test]
async fn the_rate_of_television_is_kept_to_the_tick() {
    let ntsc = MOVING.replace("r=25", "r=30000/1001");

    has_the_same_pictures(&format!("{ntsc} {UNEVEN_KEYS}"), "a.mp4").await;
}

/// Both ways to encode a source whose pictures are not those of what is made.
async fn is_as_in_one_go(source: &str, name: &str) {
    let studio = Studio::new();
    let video = probed(&studio, studio.made(source, name).await).await;
    let edit = Edit::size(160, 90).encoding(Encoding::LOSSLESS);

    let joined = joined(&studio, &video, &EncodeSegment::edited(edit.clone())).await;

    let in_one_go = studio.run(&edit, video).await.unwrap();
    assert_eq!(shown(&studio, &joined).await, shown(&studio, &in_one_go).await);
    assert_eq!(heard(&studio, &joined).await, heard(&studio, &in_one_go).await);
}

#[tokio::test]
async fn pictures_that_come_unevenly_are_as_in_one_go() {
    let uneven = format!("{MOVING} -vf select='not(eq(mod(n\\,7)\\,3))*not(between(n\\,60\\,75))' -vsync vfr");

    is_as_in_one_go(&format!("{uneven} {UNEVEN_KEYS}"), "a.mkv").await;
}

#[tokio::test]
async fn a_source_that_begins_with_sound_is_as_in_one_go() {
    let studio = Studio::new();
    let late = studio.make(&format!("{MOVING} {UNEVEN_KEYS}"), "late.mp4");

    let late = format!("{SOUND} -itsoffset 0.7 -i {} -map 1:v -map 0:a -c:v copy -c:a aac", late.display());
    for name in ["a.mp4", "a.mkv"] {
        is_as_in_one_go(&late, name).await;
    }
}

#[tokio::test]
async fn an_index_that_is_wrong_about_key_pictures_costs_time_and_no_picture() {
    let studio = Studio::new();
    let file = studio.make(&format!("{MOVING} {UNEVEN_KEYS}"), "a.mp4");
    let mut bytes = std::fs::read(&file).unwrap();
    // A table of the numbers of pictures, after its name, four bytes and their count; the first picture stays.
    let table = bytes.windows(4).position(|four| four == b"stss").unwrap() + 12;
    for at in 1..8 {
        let number = table + at * 4;
        let later = u32::from_be_bytes(*bytes[number..].first_chunk().unwrap()) + 5;
        bytes[number..number + 4].copy_from_slice(&later.to_be_bytes());
    }
    let video = probed(&studio, studio.upload_bytes(bytes).await).await;

    let joined = joined(&studio, &video, &lossless()).await;

    let joined = shown(&studio, &joined).await;
    assert_eq!(digests(&joined), digests(&pictures(&studio, &file)));
}

#[tokio::test]
async fn segments_in_every_codec_can_be_joined() {
    for encoding in [Encoding::default(), Encoding::vp9(), Encoding { preset: "12", ..Encoding::av1() }] {
        let studio = Studio::new();
        let video = probed(&studio, studio.made(&format!("{MOVING} {UNEVEN_KEYS}"), "a.mp4").await).await;

        let joined = joined(&studio, &video, &EncodeSegment::default().encoding(encoding)).await;

        assert_eq!(studio.ask(&joined.artifact, "stream=nb_read_frames").await, "200");
    }
}

#[tokio::test]
async fn each_segment_is_as_long_as_was_asked_for() {
    let studio = Studio::new();
    let video = probed(&studio, studio.made(&format!("{MOVING} {UNEVEN_KEYS}"), "a.mp4").await).await;

    let segments = studio.run(&plan(), video.clone()).await.unwrap();
    let one = studio.run(&PlanSegments::default(), video).await.unwrap();

    let spans = |segments: &[Segment]| segments.iter().map(|it| (it.span.first, it.span.frames)).collect::<Vec<_>>();
    // From the beginning, and from 1.2, 3.4 and 4.48 s on; 7.2 s would leave too little.
    assert_eq!(spans(&segments), [(0, 30), (30, 55), (85, 27), (112, 88)]);
    assert_eq!(spans(&one), [(0, 200)]);
}

#[tokio::test]
async fn what_has_no_index_to_be_trusted_is_one_segment() {
    let studio = Studio::new();
    let video = probed(&studio, studio.made(&format!("{MOVING} {SOUND} {UNEVEN_KEYS} -c:a mp2"), "a.ts").await).await;

    let segments = encoded(&studio, &video, &lossless()).await;
    let joined = studio.run(&JoinSegments, (video.clone(), segments.clone())).await.unwrap();

    assert_eq!((segments.len(), joined.frames, joined.has_audio()), (1, 200, true));
}

/// What joining answers when the list of segments was changed.
async fn refused(change: impl FnOnce(&mut Vec<EncodedSegment>)) -> String {
    let studio = Studio::new();
    let video = probed(&studio, studio.made(&format!("{MOVING} {UNEVEN_KEYS}"), "a.mp4").await).await;
    let encode = EncodeSegment::default().encoding(QUICK);
    let mut segments = encoded(&studio, &video, &encode).await;
    change(&mut segments);
    studio.refusal(&JoinSegments, (video, segments)).await
}

#[tokio::test]
async fn a_missing_segment_is_not_joined_over() {
    let refusal = refused(|segments| drop(segments.remove(1))).await;

    assert_eq!(
        refusal,
        "the segments are not those of the video: place 1 has segment 2 of 4 with 27 pictures from 85 on at 25/1, and \
         should have segment 1 of 4 with 27 pictures from 30 on at 25/1; join all that were planned, each once and in order"
    );
}

#[tokio::test]
async fn a_missing_end_is_told() {
    let refusal = refused(|segments| drop(segments.pop())).await;

    assert!(refusal.contains("place 3 has none, and should have segment 3 of 4;"), "{refusal}");
}

#[tokio::test]
async fn a_segment_is_not_joined_twice() {
    let again = |segments: &mut Vec<EncodedSegment>| segments.insert(2, segments[1].clone());

    let refusal = refused(again).await;

    assert!(refusal.contains("place 2 has segment 1 of 4"), "{refusal}");
}

#[tokio::test]
async fn segments_that_were_swapped_are_not_joined() {
    let refusal = refused(|segments| segments.swap(1, 2)).await;

    assert!(refusal.contains("place 1 has segment 2 of 4"), "{refusal}");
}

#[tokio::test]
async fn a_file_that_is_another_segments_is_not_joined() {
    let other = |segments: &mut Vec<EncodedSegment>| {
        let artifact = segments[2].video.artifact.clone();
        segments[1].video.artifact = artifact;
    };

    let refusal = refused(other).await;

    assert!(refusal.contains("its digest is"), "{refusal}");
}

#[tokio::test]
async fn segments_in_different_shapes_are_not_joined() -> Result<(), StepError> {
    let studio = Studio::new();
    let video = probed(&studio, studio.made(&format!("{MOVING} {UNEVEN_KEYS}"), "a.mp4").await).await;
    let mut segments = encoded(&studio, &video, &lossless()).await;
    let third = studio.run(&plan(), video.clone()).await?.remove(2);
    segments[2] = studio.run(&EncodeSegment::default().encoding(QUICK).attempts(1), third).await?;

    let refusal = studio.refusal(&JoinSegments, (video, segments)).await;

    assert_eq!(refusal, "segment 2 is encoded in another way than the first: encode all with the same parameters");
    Ok(())
}
