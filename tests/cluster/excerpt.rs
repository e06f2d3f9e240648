//! Of a long source in an S3 store, the index and the cut are read, and no more.

use std::{fs, path::Path, process::Command, time::Duration};

use stagemark::{Engine, MemoryStore, Workflow};
use stagemark_blob::{S3Artifacts, S3Options};
use stagemark_media::{Encoding, Probe, Trim, Upload, Video};
use stagemark_services::S3;
use tokio::task::spawn_blocking;

use crate::counted::Counted;

const CUT: Workflow<Upload, Video> = Workflow::new("cut");
const HALF_A_MINUTE: Duration = Duration::from_secs(30);
/// What is made first, and again and again for ten minutes.
const SHORT: &str = "-f lavfi -i testsrc2=s=320x180:r=30:d=20 -f lavfi -i sine=d=20 -c:v libx264 -preset veryfast \
                     -crf 12 -bf 3 -g 60 -pix_fmt yuv420p -c:a aac short.mp4";
const LONG: &str = "-stream_loop 29 -i short.mp4 -c copy -t 600 long.mp4";
/// An empty box of those that files in fragments have: with it, a file is read whole.
const UNUSUAL: &[u8] = b"\0\0\0\x08mfra";

/// What a program says.
fn said(folder: &Path, program: &str, words: &str) -> String {
    let mut command = Command::new(program);
    let ended = command.args(["-v", "error"]).args(words.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "{words}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

/// One packet of a file, as ffprobe tells it.
struct Packet {
    is_picture: bool,
    shown: f64,
    bytes: u64,
    is_key: bool,
}

fn packets(folder: &Path, file: &str) -> Vec<Packet> {
    let fields = "packet=codec_type,pts_time,size,flags";
    let lines = said(folder, "ffprobe", &format!("-show_entries {fields} -of csv=p=0 {file}"));
    let packet = |line: &str| {
        let words: Vec<&str> = line.split(',').collect();
        let (shown, bytes) = (words[1].parse().unwrap(), words[2].parse().unwrap());
        Packet { is_picture: words[0] == "video", shown, bytes, is_key: words[3].contains('K') }
    };
    // What else it tells of a packet stands on a line of its own.
    lines.lines().filter(|line| line.matches(',').count() >= 3).map(packet).collect()
}

/// The bytes of what is shown in this time, and before it from the last key frame on.
fn needed(packets: &[Packet], start: f64, end: f64) -> u64 {
    let keys = packets.iter().filter(|packet| packet.is_picture && packet.is_key && packet.shown <= start);
    let from = keys.map(|packet| packet.shown).fold(0.0, f64::max);
    packets.iter().filter(|packet| (from..end).contains(&packet.shown)).map(|packet| packet.bytes).sum()
}

/// An engine on such a store, and how much it has read.
struct Cutting {
    engine: Engine,
    store: Counted<S3Artifacts>,
}

impl Cutting {
    async fn start(s3: &S3, folder: &Path, start: Duration) -> Self {
        let address = s3.access();
        let options = S3Options::new(&address.bucket).endpoint(&address.endpoint);
        let options = options.credentials(&address.access_key_id, address.secret_access_key.reveal());
        let store = Counted::new(S3Artifacts::open(options).await.unwrap());
        let trim = Trim::to(HALF_A_MINUTE).starting_at(start).encoding(Encoding::LOSSLESS);
        let cut = CUT.define(|upload| upload.then(Probe::default()).then(trim));
        let engine = Engine::builder(MemoryStore::new()).artifacts(store.clone()).scratch(folder.join("scratch"));
        Self { engine: engine.serve(cut).start().await.unwrap(), store }
    }

    /// Cuts a file; gives how much was read for it, in part and whole, and the hashes of what was made.
    async fn cut(self, folder: &Path, file: &str) -> ((u64, u64), String) {
        let source = self.engine.import(file, &folder.join(file)).await.unwrap();
        let run = self.engine.submit(CUT, Upload::new(source)).await.unwrap();
        let video = run.result().await.unwrap();
        let read = (self.store.read_in_part(), self.store.read_whole());
        self.engine.export(&video.artifact, &folder.join("made.mp4")).await.unwrap();
        self.engine.shutdown(Duration::from_secs(10)).await;
        (read, said(folder, "ffmpeg", "-i made.mp4 -f framemd5 -"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_minute_of_ten_is_cut_by_its_index_and_its_own_bytes() {
    let s3 = spawn_blocking(S3::temporary).await.unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    said(folder, "ffmpeg", SHORT);
    said(folder, "ffmpeg", LONG);
    let bytes = fs::read(folder.join("long.mp4")).unwrap();
    fs::write(folder.join("unusual.mp4"), [&bytes, UNUSUAL].concat()).unwrap();
    let (packets, size) = (packets(folder, "long.mp4"), bytes.len() as u64);
    let index = size - packets.iter().map(|packet| packet.bytes).sum::<u64>();

    for start in [0, 300] {
        let time = Duration::from_secs(start);
        let ((read, nothing), cut) = Cutting::start(&s3, folder, time).await.cut(folder, "long.mp4").await;
        let ((_, all), expected) = Cutting::start(&s3, folder, time).await.cut(folder, "unusual.mp4").await;

        let needed = needed(&packets, time.as_secs_f64(), (time + HALF_A_MINUTE).as_secs_f64());
        println!("30 s of 600 s from {start} s on: read {read} of {size} bytes, index {index}, cut {needed}");
        assert!(read < (index + needed) * 105 / 100, "read {read}, index {index}, cut {needed}");
        assert_eq!((nothing, all), (0, size + UNUSUAL.len() as u64));
        assert!(cut == expected, "other pictures or other sound");
    }
}
