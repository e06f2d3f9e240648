//! Backups of the database, and what becomes of runs that were under way.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::join_all;
use stagemark::{Definition, Engine, Name, Run, RunId, Workflow, from_fn};
use tokio::sync::watch;

use crate::{
    deployment::{Deployment, answers, succeeds},
    root,
};

const TWICE: Workflow<u32, u32> = Workflow::new("twice");
const RUNS: u32 = 12;
const SOON: Duration = Duration::from_mins(1);

/// What steps did, over all hosts of a test, and whether the second of them may end.
#[derive(Clone)]
struct Seen {
    doubled: Arc<Mutex<HashMap<u32, u32>>>,
    gate: watch::Receiver<bool>,
}

/// Doubles a number, and, once the gate is open, adds one.
fn twice(seen: &Seen) -> Definition {
    let (counting, waiting) = (seen.clone(), seen.clone());
    TWICE.define(|n| {
        let double = from_fn(Name::new("double"), move |_, n: u32| {
            *counting.doubled.lock().unwrap().entry(n).or_default() += 1;
            async move { Ok(n * 2) }
        });
        let add = from_fn(Name::new("add"), move |_, n: u32| {
            let mut gate = waiting.gate.clone();
            async move {
                gate.wait_for(|is_open| *is_open).await?;
                Ok(n + 1)
            }
        });
        n.then(double).then(add)
    })
}

async fn host(deployment: &Deployment, seen: &Seen) -> Engine {
    let worker = deployment.engine("worker").await.poll(Duration::from_millis(200));
    worker.serve(twice(seen)).start().await.unwrap()
}

async fn submit(api: &Engine, n: u32) -> Run<u32> {
    api.submit(TWICE, n).key(format!("key-{n}")).await.unwrap()
}

/// The script of this name, for this database.
fn script(deployment: &Deployment, name: &str) -> Command {
    let mut script = deployment.with_postgres(root().join("deploy/backup").join(name));
    script.env("PGPASSFILE", deployment.secrets().join("backup-pgpass"));
    script
}

fn backup(deployment: &Deployment) -> PathBuf {
    let mut backup = script(deployment, "backup.sh");
    let output = succeeds(backup.env("PGUSER", "contest_backup").arg(deployment.scratch().join("backups")));
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap().into()
}

fn restore(deployment: &Deployment, file: &PathBuf) -> Command {
    let mut restore = script(deployment, "restore.sh");
    restore.env("PGPASSWORD", deployment.postgres.place().secret().reveal()).arg(file).arg("--yes");
    restore
}

/// Waits until each run has done its first step and is held in its second.
async fn all_are_under_way(deployment: &Deployment) {
    let done = || deployment.sql("owner", "SELECT count(*) FROM stagemark_marker WHERE phase = 2");
    let waited = tokio::time::timeout(SOON, async {
        while done().unwrap() != RUNS.to_string() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.expect("the first steps are done");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_go_on_from_a_backup_and_nothing_is_done_twice() {
    let deployment = Deployment::start().await;
    let (open, gate) = watch::channel(false);
    let seen = Seen { doubled: Arc::default(), gate };
    let (worker, api) = (host(&deployment, &seen).await, deployment.engine("api").await.start().await.unwrap());
    let before: Vec<RunId> = join_all((0..RUNS).map(|n| submit(&api, n))).await.iter().map(Run::id).collect();
    all_are_under_way(&deployment).await;

    let file = backup(&deployment);
    let lost = submit(&api, 1_000).await.id();
    worker.shutdown(Duration::ZERO).await;
    api.shutdown(Duration::ZERO).await;
    deployment.postgres.sql("DROP DATABASE contest WITH (FORCE)").unwrap();
    succeeds(&mut restore(&deployment, &file));
    deployment.postgres_script("grants");
    redis_flushed(&deployment);
    let (worker, api) = (host(&deployment, &seen).await, deployment.engine("api").await.start().await.unwrap());
    open.send(true).unwrap();

    // Whoever submits again, by the same keys, is given the runs that there were.
    for (n, id) in (0..RUNS).zip(before) {
        let run = submit(&api, n).await;
        assert_eq!(run.id(), id);
        assert_eq!(tokio::time::timeout(SOON, run.result()).await.expect("it goes on").unwrap(), n * 2 + 1);
        assert_eq!(seen.doubled.lock().unwrap()[&n], 1, "what was done is not done again");
    }
    // What came after the backup is gone, and can be submitted anew.
    let again = submit(&api, 1_000).await;
    assert_ne!(again.id(), lost);
    assert_eq!(again.result().await.unwrap(), 2_001);
    worker.shutdown(Duration::ZERO).await;
    api.shutdown(Duration::ZERO).await;
}

/// As the guide says: Redis remembers keys of runs that are no more.
fn redis_flushed(deployment: &Deployment) {
    let login = format!("AUTH contest_admin {}", deployment.secret("redis-admin-password"));
    assert_eq!(answers(&deployment.redis, &[&login, "FLUSHALL"]), ["+OK", "+OK"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_not_whole_is_refused_and_changes_nothing() {
    let deployment = Deployment::start().await;
    let file = backup(&deployment);
    deployment.sql("owner", "CREATE TABLE contest_since (x int)").unwrap();
    let refused = |file: &PathBuf| {
        let output = restore(&deployment, file).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };

    let without = file.with_extension("other");
    fs::copy(&file, &without).unwrap();
    assert!(refused(&without).contains("no checksum"));
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert!(refused(&file).contains("checksum differs"));

    assert_eq!(deployment.sql("owner", "SELECT count(*) FROM contest_since").unwrap(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_restored_under_hosts_that_run() {
    let deployment = Deployment::start().await;
    let file = backup(&deployment);
    let api = deployment.engine("api").await.start().await.unwrap();

    let output = restore(&deployment, &file).output().unwrap();

    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("stop the hosts first"), "{output:?}");
    api.shutdown(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_backups_go_and_the_last_ones_stay() {
    let deployment = Deployment::start().await;
    let backups = deployment.scratch().join("backups");
    fs::create_dir_all(&backups).unwrap();
    for day in 1..=5 {
        let old = backups.join(format!("contest-2020010{day}T000000Z.dump"));
        fs::write(&old, "old").unwrap();
        succeeds(Command::new("touch").args(["-d", "2020-01-01"]).arg(&old));
    }

    backup(&deployment);

    let mut left: Vec<_> = fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.retain(|name| name.to_string_lossy().ends_with(".dump"));
    left.sort();
    assert_eq!(left.len(), 3, "{left:?}");
    assert!(left[..2] == ["contest-20200104T000000Z.dump", "contest-20200105T000000Z.dump"], "{left:?}");
}
