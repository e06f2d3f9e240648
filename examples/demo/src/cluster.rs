//! Two worker hosts share the runs of a video on `PostgreSQL`, `RabbitMQ`, Redis and S3; one is killed, and the runs end.

use std::{
    collections::HashMap,
    env,
    fs::File,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use futures::{StreamExt, stream};
use stagemark::{Engine, Run, RunStatus, TaskStatus, WorkerId};
use stagemark_amqp::AmqpDispatch;
use stagemark_blob::{S3Artifacts, S3Options};
use stagemark_media::Upload;
use stagemark_redis::Redis;
use stagemark_sql::SqlStore;
use stagemark_video::{PUBLISH, Published};
use tokio::process::{Child, Command};

use crate::{Failure, Options, input::Input, line::Line, markers, say};

/// How many runs the hosts share.
const RUNS: usize = 3;
/// Short, so that the other host soon takes over from the one that is killed.
const LEASE_S: &str = "3";
/// Few, so that both hosts have something to do.
const SLOTS: &str = "2";
/// How many percent make a new line.
const PERCENT_STRIDE: u8 = 20;

/// Runs the video on a cluster, kills one of two hosts in mid-step, and shows the runs end.
pub(crate) async fn run(options: &Options) -> Result<ExitCode, Failure> {
    let dir = options.dir.join("cluster");
    std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let input = Input::find(options).await?;
    say(&input.title())?;
    let engine = client(&dir).await?;
    let runs = submit(&engine, &input).await?;

    let mut fleet = Fleet::start(&dir)?;
    let statuses = fleet.watch(&runs).await?;
    for (run, status) in runs.iter().zip(&statuses) {
        say(&format_args!("\n{}", markers::Table(status)))?;
        let file = dir.join(format!("{}.mp4", run.id()));
        engine.export(&run.result().await?.video.artifact, &file).await?;
        say(&format_args!("video            {}", file.display()))?;
    }
    let stuck = engine.doctor().await?;
    engine.shutdown(std::time::Duration::ZERO).await;
    fleet.report(stuck.len())
}

/// An API host: it submits and watches, and carries nothing itself.
async fn client(dir: &Path) -> Result<Engine, Failure> {
    let variable = |name: &str| {
        env::var(name).map_err(|_| format!("{name} is not set; start this with cargo xtask demo --cluster"))
    };
    Ok(Engine::builder(SqlStore::open(&variable("DATABASE_URL")?).await?)
        .dispatch(AmqpDispatch::connect(variable("AMQP_URL")?).await?)
        .live(Redis::connect(&variable("REDIS_URL")?).await?)
        .artifacts(S3Artifacts::open(S3Options::from_environment()?).await?)
        .scratch(dir.join("scratch"))
        .start()
        .await?)
}

async fn submit(engine: &Engine, input: &Input) -> Result<Vec<Run<Published>>, Failure> {
    let upload = Upload::new(engine.import(&format!("uploads/{}", input.hash), &input.path).await?);
    // Each demo is of its own.
    let demo = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let mut runs = Vec::new();
    for n in 1..=RUNS {
        let run = engine.submit(PUBLISH, upload.clone()).key(format!("demo-{demo}/{n}")).await?;
        say(&format_args!("Run {n} is {}.", run.id()))?;
        runs.push(run);
    }
    Ok(runs)
}

/// A worker host; killed when dropped.
struct Host {
    child: Child,
}

impl Host {
    fn start(name: &str, dir: &Path) -> Result<Self, Failure> {
        let log = File::options().create(true).append(true).open(dir.join(format!("host-{name}.log")))?;
        let mut command = Command::new(program()?);
        command.env("STAGEMARK_LEASE_S", LEASE_S).env("STAGEMARK_SLOTS", SLOTS).env("STAGEMARK_LISTEN", "off");
        command.env("STAGEMARK_SCRATCH_FOLDER", dir.join(format!("scratch-{name}")));
        let child = command.stdout(Stdio::null()).stderr(log).kill_on_drop(true).spawn()?;
        say(&format_args!(">>> worker host {name} is process {}", child.id().unwrap_or_default()))?;
        Ok(Self { child })
    }
}

/// The program of a worker host, beside this one.
fn program() -> Result<PathBuf, Failure> {
    let here = env::current_exe()?;
    Ok(here.with_file_name("stagemark-example-worker"))
}

/// The hosts, and what was seen of them.
struct Fleet {
    dir: PathBuf,
    one: Host,
    /// It begins when the first is at work, so that it is known which is which.
    two: Option<Host>,
    /// The first host, by the name that it has in the database.
    first: Option<WorkerId>,
    /// Whether the first was seen at work, and the second.
    seen: [bool; 2],
    printed: HashMap<(usize, String), Line>,
    killed: bool,
}

impl Fleet {
    fn start(dir: &Path) -> Result<Self, Failure> {
        let one = Host::start("one", dir)?;
        let (two, first, seen, printed, killed) = Default::default();
        Ok(Self { dir: dir.to_owned(), one, two, first, seen, printed, killed })
    }

    /// Prints what moves until all runs have ended, and kills the first host in mid-step.
    async fn watch(&mut self, runs: &[Run<Published>]) -> Result<Vec<RunStatus>, Failure> {
        let all = runs.iter().enumerate().map(|(n, run)| run.progress().map(move |status| (n, status)).boxed());
        let mut news = stream::select_all(all);
        let mut last: Vec<Option<RunStatus>> = vec![None; runs.len()];
        while let Some((n, status)) = news.next().await {
            let status = status?;
            for task in status.tasks.iter().filter(|task| task.attempt > 0) {
                self.show(n, task)?;
                self.look_at(n, task).await?;
            }
            last[n] = Some(status);
        }
        last.into_iter().collect::<Option<_>>().ok_or_else(|| "a run was never seen".into())
    }

    fn show(&mut self, n: usize, task: &TaskStatus) -> Result<(), Failure> {
        let line = Line::of(task);
        let place = (n, format!("{}/{}", task.step, task.item));
        if self.printed.get(&place).is_none_or(|last| tells_more(last, &line)) {
            let host = task.worker.map_or_else(String::new, |worker| format!("   host {}", self.name(worker)));
            say(&format_args!("run {}  {line}{host}", n + 1))?;
            self.printed.insert(place, line);
        }
        Ok(())
    }

    fn name(&self, worker: WorkerId) -> &'static str {
        if self.first.is_none_or(|first| first == worker) { "one" } else { "two" }
    }

    /// The second host begins when the first is at work; the first is killed when both are, and it is in mid-step.
    async fn look_at(&mut self, n: usize, task: &TaskStatus) -> Result<(), Failure> {
        let Some(worker) = task.worker else { return Ok(()) };
        let first = *self.first.get_or_insert(worker);
        if self.two.is_none() {
            self.two = Some(Host::start("two", &self.dir)?);
        }
        self.seen[usize::from(worker != first)] = true;
        if self.killed || self.seen != [true; 2] || worker != first || !Line::of(task).is_mid_step() {
            return Ok(());
        }
        self.killed = true;
        let process = self.one.child.id().unwrap_or_default();
        self.one.child.kill().await?;
        let (step, percent) = (&task.step, Line::of(task).percent);
        say(&format_args!(">>> kill -9 {process}: host one was in {step} of run {}, at {percent} %", n + 1))?;
        Ok(())
    }

    /// What the demo has shown.
    fn report(&self, stuck: usize) -> Result<ExitCode, Failure> {
        if !self.killed {
            return Err("the hosts were through before one could be killed; take a longer --input".into());
        }
        if stuck > 0 {
            return Err(format!("{stuck} runs are stuck").into());
        }
        say(&"\nHost one was killed, host two went on from the stage markers, and every run is ready.")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether so much has changed that it is worth a line.
fn tells_more(last: &Line, line: &Line) -> bool {
    (&last.state, last.attempt) != (&line.state, line.attempt) || line.percent >= last.percent + PERCENT_STRIDE
}
