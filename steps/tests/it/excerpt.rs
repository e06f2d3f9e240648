//! Of a long source a cut is fetched, and the pictures are the same.

use std::{fs, process::Command, sync::Arc, time::Duration};

use stagemark::{Artifact, Attempt, MemoryArtifacts, Step};
use stagemark_media::{Encoding, Probe, Trim, Upload, Video};

use crate::{
    counted::Counted,
    studio::{CLIP, QUICK, Studio},
};

const PICTURES: &str = "-f lavfi -i testsrc2=s=320x180:r=25:d=4 -f lavfi -i sine=d=4";
const H264: &str = "-c:v libx264 -preset veryfast -crf 10 -bf 3 -g 50 -pix_fmt yuv420p -c:a aac";
/// An empty box of those that files in fragments have: with it, a file is fetched whole.
const UNUSUAL: &[u8] = b"\0\0\0\x08mfra";

/// How many files of flipped bits are tried.
const ROUNDS: usize = 8;

/// A store of one's own and a source in it.
struct Cutting {
    studio: Studio,
    store: Counted<MemoryArtifacts>,
    upload: Upload,
}

impl Cutting {
    async fn of(studio: Studio, bytes: Vec<u8>) -> Self {
        let store = Counted::new(MemoryArtifacts::new());
        let attempt = Attempt::standalone(Arc::new(store.clone()), studio.scratch(), studio.cancel.clone());
        let upload = Upload::new(attempt.put("upload", bytes).await.unwrap());
        Self { studio, store, upload }
    }

    fn attempt(&self) -> Attempt {
        Attempt::standalone(Arc::new(self.store.clone()), self.studio.scratch(), self.studio.cancel.clone())
    }

    /// What was read: in parts, and whole.
    fn read(&self) -> (u64, u64) {
        (self.store.read_in_part(), self.store.read_whole())
    }

    fn assert_in_part(&self) {
        let (in_part, whole) = self.read();
        assert!(in_part > 0 && in_part < self.upload.source.size_bytes / 2 && whole == 0, "{in_part} {whole}");
    }

    fn assert_whole(&self) {
        assert_eq!(self.read().1, self.upload.source.size_bytes);
    }

    /// Hashes of all pictures and all sound.
    async fn hashes(&self, video: &Video) -> String {
        let file = self.studio.file("made.mp4");
        self.attempt().fetch(&video.artifact, &file).await.unwrap();
        let look = ["-v", "error", "-i", "made.mp4", "-f", "framemd5", "-"];
        let seen = Command::new("ffmpeg").args(look).current_dir(file.parent().unwrap()).output().unwrap();
        assert!(seen.status.success(), "{}", String::from_utf8_lossy(&seen.stderr));
        String::from_utf8(seen.stdout).unwrap()
    }
}

/// Two minutes: four seconds again and again, made so. The index of a file stands last, but in one that is called so.
fn two_minutes(studio: &Studio, coded: &str, name: &str) -> Vec<u8> {
    let order = if name.starts_with("first") { "-movflags +faststart" } else { "" };
    studio.make(&format!("{PICTURES} {coded}"), &format!("short-{name}"));
    fs::read(studio.make(&format!("-stream_loop 29 -i short-{name} -c copy {order}"), name)).unwrap()
}

fn trim<I>(start_ms: u64, length_ms: u64) -> Trim<I> {
    let trim = Trim::to(Duration::from_millis(length_ms)).starting_at(Duration::from_millis(start_ms));
    trim.encoding(Encoding::LOSSLESS)
}

/// Cuts a source in part and whole, from this time on for so long.
async fn same(bytes: &[u8], (start_ms, length_ms): (u64, u64)) {
    let part = Cutting::of(Studio::new(), bytes.to_vec()).await;
    let whole = Cutting::of(Studio::new(), [bytes, UNUSUAL].concat()).await;

    let cut = trim(start_ms, length_ms).run(&part.attempt(), part.upload.clone()).await.unwrap();
    let expected = trim(start_ms, length_ms).run(&whole.attempt(), whole.upload.clone()).await.unwrap();

    part.assert_in_part();
    whole.assert_whole();
    assert_eq!(part.hashes(&cut).await, whole.hashes(&expected).await, "{start_ms} {length_ms}");
    assert_eq!(about(cut), about(expected));
}

/// What is known of a video, but for where it is.
fn about(mut video: Video) -> Video {
    (video.artifact, video.digest) = (Artifact::new("", 0), None);
    video
}

#[tokio::test]
async fn pictures_that_wait_for_others_are_the_same() {
    let bytes = two_minutes(&Studio::new(), H264, "last.mp4");

    for cut in [(0, 1000), (61_300, 2000), (900, 500), (118_500, 10_000)] {
        same(&bytes, cut).await;
    }
}

#[tokio::test]
async fn pictures_after_an_index_that_comes_first_are_the_same() {
    let bytes = two_minutes(&Studio::new(), H264, "first.mp4");

    for cut in [(0, 1000), (61_300, 2000)] {
        same(&bytes, cut).await;
    }
}

#[tokio::test]
async fn pictures_of_other_codecs_are_the_same() {
    let hevc = "-c:v libx265 -preset ultrafast -x265-params log-level=error:bframes=4:keyint=60 -crf 16 -c:a aac";
    let vp9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -crf 14 -b:v 2M -g 60 -c:a libopus";
    let mpeg4 = "-c:v mpeg4 -bf 2 -q:v 2 -g 40 -c:a ac3";
    for (coded, name) in [(hevc, "last.mov"), (vp9, "last.mp4"), (mpeg4, "first.mp4")] {
        same(&two_minutes(&Studio::new(), coded, name), (77_000, 1000)).await;
    }
}

#[tokio::test]
async fn pictures_of_groups_that_are_open_are_the_same() {
    let open = "-c:v libx264 -preset veryfast -crf 10 -bf 4 -g 75 -x264-params open-gop=1:b-pyramid=2 \
                -pix_fmt yuv420p -c:a aac";

    same(&two_minutes(&Studio::new(), open, "last.mp4"), (62_950, 1000)).await;
}

#[tokio::test]
async fn pictures_that_begin_after_the_sound_are_the_same() {
    let studio = Studio::new();
    two_minutes(&studio, H264, "last.mp4");
    let late = "-i last.mp4 -itsoffset 1.3 -i last.mp4 -map 1:v -map 0:a -c copy";
    let bytes = fs::read(studio.make(late, "late.mp4")).unwrap();

    for cut in [(0, 1000), (60_500, 1000)] {
        same(&bytes, cut).await;
    }
}

#[tokio::test]
async fn pictures_that_stand_apart_from_their_sound_are_the_same() {
    let studio = Studio::new();
    two_minutes(&studio, H264, "last.mp4");
    // Each of ten seconds of pictures, then each of ten seconds of sound.
    let apart = "-i last.mp4 -c copy -chunk_duration 10000000";
    let bytes = fs::read(studio.make(apart, "apart.mp4")).unwrap();

    same(&bytes, (64_000, 1000)).await;
}

/// A source that is fetched whole, as this is no time or place for a part of it.
async fn is_fetched_whole(bytes: Vec<u8>, cut: (u64, u64)) {
    let cutting = Cutting::of(Studio::new(), bytes).await;

    trim(cut.0, cut.1).encoding(QUICK).run(&cutting.attempt(), cutting.upload.clone()).await.unwrap();

    cutting.assert_whole();
}

#[tokio::test]
async fn a_file_in_fragments_is_fetched_whole() {
    let studio = Studio::new();
    two_minutes(&studio, H264, "last.mp4");
    let fragments = "-i last.mp4 -c copy -movflags frag_keyframe+empty_moov+delay_moov";

    is_fetched_whole(fs::read(studio.make(fragments, "fragments.mp4")).unwrap(), (61_000, 500)).await;
}

#[tokio::test]
async fn a_file_of_which_most_is_needed_is_fetched_whole() {
    is_fetched_whole(two_minutes(&Studio::new(), H264, "last.mp4"), (10_000, 100_000)).await;
}

#[tokio::test]
async fn a_small_file_is_fetched_whole() {
    is_fetched_whole(fs::read(CLIP).unwrap(), (1000, 500)).await;
}

#[tokio::test]
async fn a_known_video_is_cut_without_the_rest_of_it() {
    let cutting = Cutting::of(Studio::new(), two_minutes(&Studio::new(), H264, "last.mp4")).await;
    let probed = Probe::default().run(&cutting.attempt(), cutting.upload.clone()).await.unwrap();
    let (index_alone, whole) = cutting.read();
    assert!(index_alone < cutting.upload.source.size_bytes / 10 && whole == 0, "{index_alone} {whole}");

    let cut = trim::<Video>(61_300, 1000).run(&cutting.attempt(), probed).await.unwrap();

    assert_eq!(cut.frames, 25);
    cutting.assert_in_part();
}

#[tokio::test]
async fn a_cut_that_cannot_be_decoded_is_refused_by_the_whole_file() {
    let studio = Studio::new();
    let mut bytes = two_minutes(&studio, H264, "last.mp4");
    let length = bytes.len();
    bytes[length / 4..length * 3 / 4].fill(0);
    let cutting = Cutting::of(studio, bytes).await;

    let refusal = trim(61_300, 1000).run(&cutting.attempt(), cutting.upload.clone()).await.unwrap_err();

    assert!(refusal.is_permanent(), "{refusal}");
    cutting.assert_whole();
}

#[tokio::test]
async fn a_part_is_refused_only_if_the_whole_is() {
    let whole = two_minutes(&Studio::new(), H264, "last.mp4");
    let index = whole.windows(4).rposition(|four| four == b"moov").unwrap();
    let mut seed = 1_usize;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for round in 0..ROUNDS {
        let mut bytes = whole.clone();
        for _ in 0..=random(3) {
            // Most of an index are tables; what says how they are to be read stands in its first bytes.
            let below = [1500, bytes.len() - index][random(2)];
            let at = index + random(below);
            bytes[at] ^= 1 << random(8);
        }
        let part = Cutting::of(Studio::new(), bytes.clone()).await;
        let all = Cutting::of(Studio::new(), [&bytes[..], UNUSUAL].concat()).await;

        let cut = trim(61_300, 200).encoding(QUICK).run(&part.attempt(), part.upload.clone()).await;
        let expected = trim(61_300, 200).encoding(QUICK).run(&all.attempt(), all.upload.clone()).await;

        if let Err(refusal) = cut {
            let expected = expected.expect_err("the whole was not refused");
            assert!(refusal.is_permanent(), "round {round}: {refusal}");
            assert_eq!(refusal.chain()[0], expected.chain()[0], "round {round}");
        }
    }
}
