//! A real video through a worker host: submitted elsewhere, watched by its metrics, and ended by a signal.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command},
    time::Duration,
};

use stagemark::Engine;
use stagemark_blob::LocalArtifacts;
use stagemark_media::{Upload, assets::CLIP};
use stagemark_sql::SqlStore;
use stagemark_video::PUBLISH;

/// Killed when dropped.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        // It has ended where all is well.
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

fn metrics(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_is_submitted_elsewhere_is_published_here() {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (database, artifacts) = (folder.path().join("runs.db"), folder.path().join("artifacts"));
    let settings = format!(
        "database_url = 'sqlite://{}'\nartifacts_folder = '{}'\nscratch_folder = '{}'\nlisten = '{address}'\nlog = 'json'",
        database.display(),
        artifacts.display(),
        folder.path().join("scratch").display(),
    );
    fs::write(folder.path().join("worker.toml"), settings).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stagemark-example-worker"));
    command.arg("--config").arg(folder.path().join("worker.toml"));
    let mut host = Host(command.spawn().unwrap());
    let client = Engine::builder(SqlStore::open(&format!("sqlite://{}", database.display())).await.unwrap())
        .artifacts(LocalArtifacts::open(&artifacts).unwrap())
        .scratch(folder.path().join("client"))
        .poll(Duration::from_millis(100))
        .start()
        .await
        .unwrap();
    fs::write(folder.path().join("cat.mp4"), CLIP).unwrap();

    let upload = Upload::new(client.import("uploads/cat.mp4", &folder.path().join("cat.mp4")).await.unwrap());
    let made = client.submit(PUBLISH, upload).await.unwrap().result().await.unwrap();

    assert_eq!((made.video.width_px, made.video.height_px), (1280, 720));
    let page = metrics(&address);
    let of_media = ["cpu_seconds_count", "read_bytes_total", "written_bytes_total"];
    // What a pass has used is counted for its last step.
    for name in of_media.map(|name| format!("stagemark_media_{name}{{step=\"finish\",program=\"ffmpeg\"}} ")) {
        assert!(page.lines().any(|line| line.starts_with(&name)), "no {name} in\n{page}");
    }
    let manual = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operate.md")).unwrap();
    for name in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        assert!(manual.contains(&format!("`{name}`")), "{name} is not in docs/operate.md");
    }
    let terminated = Command::new("kill").args(["-s", "TERM", &host.0.id().to_string()]).status().unwrap();
    assert!(terminated.success() && host.0.wait().unwrap().success(), "it drains");
}
