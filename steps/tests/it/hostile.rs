//! Files that are made to do harm do none.

use std::{io::ErrorKind, net::TcpListener, process::Command, time::Duration};

use stagemark::StepError;
use stagemark_media::{MediaError, Probe, Trim, Workbench};

use crate::studio::{CLIP, QUICK, Studio};

const NO_VIDEO: &str = "the file is no video that can be read: send mp4, mov, mkv, webm, avi or ts";

/// How many files of flipped bits are tried.
const ROUNDS: usize = 10;

/// A port of this machine on which nobody must knock.
struct Door(TcpListener);

impl Door {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}/secret.ts", self.0.local_addr().unwrap())
    }

    fn was_knocked_on(&self) -> bool {
        !matches!(self.0.accept(), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

/// A video of another user, which any program of this machine could read.
fn canary(studio: &Studio) -> String {
    let made = "-f lavfi -i color=white:s=64x64:d=1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p";
    format!("file://{}", studio.make(made, "canary.ts").display())
}

async fn refused(studio: &Studio, text: String) {
    let upload = studio.upload_bytes(text.into_bytes()).await;
    let trim = Trim::to(Duration::from_secs(1)).encoding(QUICK);
    assert_eq!(studio.refusal(&Probe::default(), upload.clone()).await, NO_VIDEO);
    assert_eq!(studio.refusal(&trim, upload).await, NO_VIDEO);
}

#[tokio::test]
async fn a_playlist_named_as_a_video_opens_no_file() {
    let studio = Studio::new();
    let canary = canary(&studio);

    refused(&studio, format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{canary}\n#EXT-X-ENDLIST\n")).await;
}

#[tokio::test]
async fn a_playlist_named_as_a_video_opens_no_socket() {
    let (studio, door) = (Studio::new(), Door::new());
    let url = door.url();

    refused(&studio, format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n")).await;

    assert!(!door.was_knocked_on());
}

#[tokio::test]
async fn a_script_named_as_a_video_opens_no_file() {
    let studio = Studio::new();
    let canary = canary(&studio);

    refused(&studio, format!("ffconcat version 1.0\nfile '{canary}'\n")).await;
}

/// By its plain name, which ffmpeg holds to be safe: without protection it plays what lies beside the script.
#[tokio::test]
async fn a_script_named_as_a_video_opens_no_file_beside_it() {
    let studio = Studio::new();
    canary(&studio);
    let script = "ffconcat version 1.0\nfile canary.ts\n";
    std::fs::write(studio.file("upload.mp4"), script).unwrap();
    studio.make("-i upload.mp4 -c copy", "stolen.mp4");
    let attempt = studio.attempt();
    let bench = Workbench::open(&attempt).await.unwrap();
    bench.write("canary.ts", &std::fs::read(studio.file("canary.ts")).unwrap()).await.unwrap();
    bench.write("source", script.as_bytes()).await.unwrap();

    let made = bench.ffmpeg().input("source").args(["-c", "copy"]).output("out.mp4").run(Duration::from_secs(1)).await;

    assert_eq!(made.unwrap_err().to_string(), NO_VIDEO);
}

#[tokio::test]
async fn a_script_named_as_a_video_opens_no_socket() {
    let (studio, door) = (Studio::new(), Door::new());
    let url = door.url();

    refused(&studio, format!("ffconcat version 1.0\nfile '{url}'\n")).await;

    assert!(!door.was_knocked_on());
}

#[tokio::test]
async fn ffmpeg_has_no_network_even_if_it_is_told_to_use_it() {
    let (studio, door) = (Studio::new(), Door::new());
    let allowed = Command::new("unshare").args(["--user", "--map-current-user", "--net", "true"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        println!("skipped: the kernel lets no network be taken away here");
        return;
    }
    let attempt = studio.attempt();
    let bench = Workbench::open(&attempt).await.unwrap();

    let made = bench.ffmpeg().args(["-i", &door.url()]).output("out.mp4").run(Duration::from_secs(1)).await;

    assert!(matches!(made, Err(MediaError::Failed { .. })), "{made:?}");
    assert!(!door.was_knocked_on());
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_refused() {
    let studio = Studio::new();
    let whole = studio.make(&format!("-i {CLIP} -c copy -movflags +faststart"), "whole.mp4");
    let mut bytes = std::fs::read(whole).unwrap();
    bytes.truncate(bytes.len() / 2);
    let upload = studio.upload_bytes(bytes).await;

    let refusal = studio.refusal(&Trim::to(Duration::from_secs(1)), upload).await;

    assert!(refusal.starts_with("the file is cut off: "), "{refusal}");
    assert!(refusal.ends_with(" of 5.3 s can be read, so send it again, whole"), "{refusal}");
}

#[tokio::test]
async fn pictures_that_cannot_be_decoded_are_missed() {
    let studio = Studio::new();
    let coded = "-f lavfi -i testsrc=s=320x180:r=25:d=4 -c:v libx264 -preset ultrafast -g 250 -pix_fmt yuv420p";
    let mut bytes = std::fs::read(studio.make(coded, "whole.mp4")).unwrap();
    let pictures = bytes.windows(4).position(|four| four == b"mdat").unwrap();
    let length = bytes.len();
    bytes[pictures + 64..length - 4096].fill(0);
    let upload = studio.upload_bytes(bytes).await;

    let Err(error) = studio.run(&Trim::to(Duration::from_secs(10)).encoding(QUICK), upload).await else {
        panic!("it was not refused")
    };

    assert!(error.is_permanent(), "{error}");
}

#[tokio::test]
async fn a_middle_that_cannot_be_decoded_is_missed() {
    let studio = Studio::new();
    let coded = "-f lavfi -i testsrc=s=320x180:r=25:d=4 -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p";
    let mut bytes = std::fs::read(studio.make(coded, "whole.mp4")).unwrap();
    let pictures = bytes.windows(4).position(|four| four == b"mdat").unwrap();
    let length = bytes.len() - pictures;
    bytes[pictures + length / 4..pictures + length * 3 / 4].fill(0);
    let upload = studio.upload_bytes(bytes).await;

    let refusal = studio.refusal(&Trim::to(Duration::from_secs(10)).encoding(QUICK), upload).await;

    assert_eq!(refusal, "the file is damaged and cannot be decoded: export it again and send that");
}

#[tokio::test]
async fn flipped_bits_end_in_a_video_or_in_a_refusal() {
    let studio = Studio::new();
    let coded = "-f lavfi -i testsrc=s=160x90:r=25:d=1 -f lavfi -i sine=d=1 -c:v libx264 -pix_fmt yuv420p";
    let whole = std::fs::read(studio.make(coded, "whole.mp4")).unwrap();
    let mut seed = 1_usize;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for round in 0..ROUNDS {
        let mut bytes = whole.clone();
        for _ in 0..=random(30) {
            let at = random(bytes.len());
            bytes[at] ^= 1 << random(8);
        }
        let upload = studio.upload_bytes(bytes).await;

        let ended = studio.run(&Trim::to(Duration::from_secs(1)).encoding(QUICK), upload).await;

        assert!(ended.as_ref().err().is_none_or(StepError::is_permanent), "round {round}: {ended:?}");
    }
}

#[tokio::test]
async fn a_title_that_looks_like_progress_confuses_nobody() {
    let studio = Studio::new();
    let title = "title=frame=  999 fps=1 q=-1.0 Lsize= 1kB time=99:99:99.00 bitrate=1kbits/s speed=1x\n\
                 out_time=99:00:00.000000\nout_time_us=999999999\nframe=999\nprogress=end";
    let file = studio.file("titled.mkv");
    let titled = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y", "-i", CLIP, "-c", "copy", "-metadata", title])
        .args(["-metadata:s:v", title, "-metadata", "comment=Press [q] to stop, [?] for help"])
        .arg(&file)
        .status();
    assert!(titled.unwrap().success());

    let video = studio.edited(studio.upload(&file).await, 1000).await;

    assert_eq!(video.frames, 25);
    let bytes = std::fs::read(studio.local(&video.artifact, "out.mp4").await).unwrap();
    assert!(!bytes.windows(12).any(|part| part == b"progress=end"), "the title was carried along");
}
