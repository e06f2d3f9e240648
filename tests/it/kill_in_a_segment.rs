//! A worker that is killed while it encodes one segment of a film.

use std::process::Command;

use stagemark::{Engine, Status, TaskStatus};
use stagemark_media::Upload;

use crate::{
    fixture::{Fixture, finish},
    kill::{Worker, count_commits},
    segments::{FILM, LEASE, begun, film, holds},
};

/// Six seconds of pictures, with a key picture every two.
fn shoot(fixture: &Fixture) {
    let words = "-v error -f lavfi -i testsrc2=s=320x180:r=25:d=6 -f lavfi -i sine=d=6 -c:v libx264 -preset ultrafast \
                 -pix_fmt yuv420p -bf 2 -g 50 -sc_threshold 0 -c:a aac film.mp4";
    let made = Command::new("ffmpeg").args(words.split_whitespace()).current_dir(fixture.path()).status().unwrap();
    assert!(made.success());
}

/// Submits the film, which is one run whoever does it first; gives how many pictures come of it, and the tasks of its segments.
async fn segments_of(engine: &Engine, fixture: &Fixture) -> (u64, Vec<TaskStatus>) {
    let film = engine.import("uploads/film.mp4", &fixture.path().join("film.mp4")).await.unwrap();
    let run = engine.submit(FILM, Upload::new(film)).key("film").await.unwrap();
    let video = run.result().await.unwrap();
    let status = run.status().await.unwrap();
    assert_eq!(status.status, Status::Ready);
    assert!(video.has_audio());
    (video.frames, status.tasks.into_iter().filter(|task| task.step == "encode-segment").collect())
}

fn commits_of_segments(fixture: &Fixture) -> Vec<(u32, u32)> {
    let database = rusqlite::Connection::open(fixture.path().join("stagemark.db")).unwrap();
    // The node after the input, the probe and the plan.
    let query = "SELECT item, count(*) FROM done WHERE node = 3 GROUP BY item ORDER BY item";
    let mut counts = database.prepare(query).unwrap();
    let rows = counts.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_loses_the_work_on_one_segment_alone() {
    let fixture = Fixture::new();
    shoot(&fixture);
    count_commits(&fixture).await;
    std::fs::write(holds(fixture.path()), "").unwrap();
    let mut worker = Worker::encoding(fixture.path());
    assert_eq!(worker.says().await.as_deref(), Some("in the second segment"));
    worker.kill().await;
    std::fs::remove_file(holds(fixture.path())).unwrap();

    let engine = fixture.builder().await.lease(LEASE).serve(film(fixture.path())).start().await.unwrap();
    let (frames, segments) = segments_of(&engine, &fixture).await;

    let begun = std::fs::read_to_string(begun(fixture.path())).unwrap();
    assert_eq!(["0", "1", "2"].map(|number| begun.lines().filter(|line| *line == number).count()), [1, 2, 1]);
    assert_eq!(segments.iter().map(|task| task.attempt).collect::<Vec<_>>(), [1, 2, 1]);
    assert!(segments[1].error[0].contains("its process died"), "{segments:?}");
    assert_eq!(commits_of_segments(&fixture), [(0, 1), (1, 1), (2, 1)]);
    assert_eq!(frames, 150);
    finish(engine).await;
}
