//! A ladder of renditions plays, and its media segments go together.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use stagemark::{Engine, MemoryStore, Workflow};
use stagemark_media::{
    EncodeRendition, EncodedRendition, Hls, PackageHls, PlanLadder, Probe, Rendition, Upload, Video,
};

use crate::studio::Studio;

const STREAM: Workflow<Upload, Hls> = Workflow::new("stream-video");

/// Thirteen and a half seconds with cuts in them, where an encoder would like to put key pictures.
const CUTS: &str = "-f lavfi -i testsrc2=s=320x180:r=30000/1001:d=13.5 -vf negate=enable='lt(mod(t\\,1.7)\\,0.8)' \
                    -c:v libx264 -preset veryfast -pix_fmt yuv420p";

fn ladder() -> PlanLadder {
    PlanLadder::of([
        Rendition::new(640, 360, 800_000),
        Rendition::new(320, 180, 400_000),
        Rendition::new(160, 90, 150_000),
    ])
}

fn quick() -> EncodeRendition {
    EncodeRendition::default().quality("ultrafast", 20)
}

/// All of a stream, in a folder as it is served.
async fn served(studio: &Studio, hls: &Hls) -> PathBuf {
    let folder = studio.file("served");
    fs::create_dir_all(&folder).unwrap();
    let tracks = hls.variants.iter().chain(&hls.sound);
    let files = tracks.flat_map(|track| [&track.playlist, &track.setup].into_iter().chain(&track.segments));
    for artifact in files.chain([&hls.master]) {
        let name = artifact.key.rsplit('/').next().unwrap();
        studio.attempt().fetch(artifact, &folder.join(name)).await.unwrap();
    }
    folder
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

/// How long each media segment of a playlist lasts.
fn times(folder: &Path, playlist: &str) -> Vec<String> {
    let text = text(folder, playlist);
    text.lines().filter_map(|line| line.strip_prefix("#EXTINF:")).map(ToOwned::to_owned).collect()
}

/// The values of an attribute in the lines of a master playlist that tell of renditions.
fn attribute(master: &str, name: &str) -> Vec<String> {
    let lines = master.lines().filter_map(|line| line.strip_prefix("#EXT-X-STREAM-INF:"));
    let value = |line: &str| {
        let after = format!(",{line}").split_once(&format!(",{name}=")).unwrap().1.to_owned();
        match after.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap().to_owned(),
            None => after.split(',').next().unwrap().to_owned(),
        }
    };
    lines.map(value).collect()
}

/// How many pictures ffmpeg shows of each stream of a playlist or file; it must not complain of anything.
fn shown(folder: &Path, file: &str) -> Vec<usize> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "warning", "-i", file, "-map", "0:v", "-f", "framemd5", "-"]).current_dir(folder);
    let played = ffmpeg.output().unwrap();
    let said = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success() && said.is_empty(), "{file}: {said}");
    let lines = String::from_utf8(played.stdout).unwrap();
    let streams: Vec<&str> = lines.lines().filter(|line| !line.starts_with('#')).collect();
    let of = |line: &&str| line.split(',').next().unwrap().to_owned();
    let numbers: BTreeSet<String> = streams.iter().map(of).collect();
    numbers.iter().map(|number| streams.iter().filter(|line| of(line) == *number).count()).collect()
}

async fn probed(studio: &Studio, args: &str) -> Video {
    let upload = studio.made(args, "a.mp4").await;
    studio.run(&Probe::default(), upload).await.unwrap()
}

async fn encoded(studio: &Studio, video: &Video, encode: &EncodeRendition) -> Vec<EncodedRendition> {
    let mut encoded = Vec::new();
    for rung in studio.run(&ladder(), video.clone()).await.unwrap() {
        encoded.push(studio.run(encode, rung).await.unwrap());
    }
    encoded
}

#[tokio::test]
async fn every_rendition_plays_and_has_the_same_media_segments() {
    let studio = Studio::new();
    let builder = Engine::builder(MemoryStore::new()).artifacts(studio.artifacts.clone()).scratch(studio.scratch());
    let stream = STREAM.define(|upload| {
        let video = upload.then(Probe::default());
        video.and(video.then(ladder()).each(quick())).then(PackageHls)
    });
    let engine = builder.serve(stream).start().await.unwrap();
    let upload = studio.made(&format!("-f lavfi -i sine=d=13.5 {CUTS} -c:a aac"), "a.mp4").await;

    let hls = engine.submit(STREAM, upload).await.unwrap().result().await.unwrap();

    let folder = served(&studio, &hls).await;
    let master = text(&folder, "master.m3u8");
    assert_eq!(attribute(&master, "RESOLUTION"), ["320x180", "160x90"]);
    assert_eq!(times(&folder, "video0.m3u8"), ["6.006000,", "6.006000,", "1.501500,"]);
    assert_eq!(times(&folder, "video0.m3u8"), times(&folder, "video1.m3u8"));
    assert_eq!(shown(&folder, "master.m3u8"), [405, 405]);
    assert_eq!((shown(&folder, "video0.m3u8"), shown(&folder, "video1.m3u8")), (vec![405], vec![405]));
    assert_eq!(hls.sound.unwrap().segments.len(), 3);
    engine.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn each_media_segment_is_decoded_by_itself() {
    let studio = Studio::new();
    let video = probed(&studio, CUTS).await;
    let renditions = encoded(&studio, &video, &quick().segment(Duration::from_secs(2))).await;

    let hls = studio.run(&PackageHls, (video, renditions)).await.unwrap();

    let folder = served(&studio, &hls).await;
    for variant in 0..2 {
        for segment in 0..7 {
            let setup = fs::read(folder.join(format!("video{variant}-setup.mp4"))).unwrap();
            let bytes = fs::read(folder.join(format!("video{variant}-{segment:05}.m4s"))).unwrap();
            fs::write(folder.join("one.mp4"), [setup, bytes].concat()).unwrap();

            let pictures = if segment == 6 { 45 } else { 60 };
            assert_eq!(shown(&folder, "one.mp4"), [pictures], "{segment} of {variant}");
        }
    }
}

#[tokio::test]
async fn the_master_playlist_tells_what_players_choose_by() {
    let studio = Studio::new();
    let video = probed(&studio, &format!("-f lavfi -i sine=d=13.5 {CUTS} -c:a aac")).await;
    let renditions = encoded(&studio, &video, &quick()).await;

    let hls = studio.run(&PackageHls, (video, renditions)).await.unwrap();

    let master = text(&served(&studio, &hls).await, "master.m3u8");
    let sound = hls.sound.as_ref().unwrap();
    assert_eq!(attribute(&master, "FRAME-RATE"), ["29.970", "29.970"]);
    assert_eq!(attribute(&master, "AUDIO"), ["sound", "sound"]);
    let codecs = attribute(&master, "CODECS");
    assert!(codecs.iter().all(|codecs| codecs.starts_with("avc1.") && codecs.ends_with(",mp4a.40.2")), "{codecs:?}");
    for (track, told) in hls.variants.iter().zip(attribute(&master, "BANDWIDTH")) {
        let largest = track.segments[..2].iter().map(|segment| segment.size_bytes).max().unwrap();
        let told: u64 = told.parse().unwrap();
        assert!(told == track.peak_bps + sound.peak_bps && told > largest * 8 / 7, "{told} {track:?}");
    }
}

#[tokio::test]
async fn a_silent_source_has_no_track_of_sound() {
    let studio = Studio::new();
    let video = probed(&studio, CUTS).await;
    let renditions = encoded(&studio, &video, &quick()).await;

    let hls = studio.run(&PackageHls, (video, renditions)).await.unwrap();

    let folder = served(&studio, &hls).await;
    assert_eq!(hls.sound, None);
    assert!(!text(&folder, "master.m3u8").contains("AUDIO"));
    assert_eq!(shown(&folder, "master.m3u8"), [405, 405]);
}

#[tokio::test]
async fn a_source_that_is_smaller_than_the_ladder_is_offered_as_it_is() {
    let studio = Studio::new();
    let video = probed(&studio, "-f lavfi -i testsrc2=s=98x64:r=25:d=1 -c:v libx264 -pix_fmt yuv420p").await;

    let rungs = studio.run(&ladder(), video).await.unwrap();

    let renditions: Vec<Rendition> = rungs.into_iter().map(|rung| rung.rendition).collect();
    assert_eq!(renditions, [Rendition::new(98, 64, 150_000)]);
}

#[tokio::test]
async fn renditions_that_do_not_go_together_are_refused() {
    let studio = Studio::new();
    let video = probed(&studio, CUTS).await;
    let mut renditions = encoded(&studio, &video, &quick()).await;
    let rung = studio.run(&ladder(), video.clone()).await.unwrap().remove(1);
    renditions[1] = studio.run(&quick().segment(Duration::from_secs(2)), rung).await.unwrap();

    let refusal = studio.refusal(&PackageHls, (video.clone(), renditions)).await;
    let none = studio.refusal(&PackageHls, (video, Vec::new())).await;

    assert_eq!(
        refusal,
        "the finished file is not as it should be: its distance of a rendition's key pictures is 60, and should be 180"
    );
    assert!(none.contains("its count of renditions is 0"), "{none}");
}
