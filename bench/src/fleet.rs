//! Runs that a client submits and worker processes carry out: woken by the database or by `RabbitMQ`, by one worker
//! and by several.

use std::{
    env,
    error::Error,
    pin::pin,
    process::Stdio,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use stagemark::Engine;
use stagemark_amqp::AmqpDispatch;
use stagemark_sql::SqlStore;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
};

use crate::{
    runs::{FIVE, five_counted},
    server::{Bare, CLIENTS, Schema},
};

const IN_FLIGHT: usize = 1000;
/// How often a worker tells what came to its end.
const TELL: Duration = Duration::from_millis(5);
const WARM_UP: Duration = Duration::from_secs(1);
/// How often each fleet is measured; the median counts.
const ROUNDS: usize = 3;
/// Where a worker process finds its servers.
const DATABASE: &str = "DATABASE_URL";
const BROKER: &str = "AMQP_URL";

/// What carries the runs out.
#[derive(Clone, Copy)]
struct Fleet {
    workers: usize,
    broker: bool,
}

const FLEETS: [Fleet; 6] = [
    Fleet { workers: 1, broker: false },
    Fleet { workers: 2, broker: false },
    Fleet { workers: 3, broker: false },
    Fleet { workers: 1, broker: true },
    Fleet { workers: 2, broker: true },
    Fleet { workers: 3, broker: true },
];

/// Prints the table.
pub(crate) async fn measure(time: Duration) -> Result<(), Box<dyn Error>> {
    let broker = stagemark_services::amqp_url()?;
    let before = Bare::measure(time / 2).await?;
    let mut rates = [const { Vec::new() }; FLEETS.len()];
    // Round by round, so that a machine that grows slower does it to all.
    for _ in 0..ROUNDS {
        for (fleet, rates) in FLEETS.iter().zip(&mut rates) {
            rates.push(rate(*fleet, &broker, time).await?);
        }
    }
    let bare = before.better(&Bare::measure(time / 2).await?);
    println!("# 5-step no-op runs on PostgreSQL, submitted by a client, {IN_FLIGHT} in flight\n");
    println!("Bare commits of {CLIENTS} clients: {:.0} a second.\n", bare.commits_per_s);
    println!(
        "| worker processes | woken by | runs/s: median, least, most | runs per bare commit | of the first line |"
    );
    println!("|---|---|---|---|---|");
    let medians = rates.each_mut().map(|rates| {
        rates.sort_unstable_by(f64::total_cmp);
        rates[ROUNDS / 2]
    });
    for ((fleet, rates), median) in FLEETS.iter().zip(&rates).zip(medians) {
        println!(
            "| {} | {} | {median:.0}, {:.0}, {:.0} | {:.2} | {:.2} |",
            fleet.workers,
            if fleet.broker { "RabbitMQ" } else { "NOTIFY" },
            rates[0],
            rates[ROUNDS - 1],
            median / bare.commits_per_s,
            median / medians[0],
        );
    }
    println!();
    Ok(())
}

/// Keeps the runs in flight for some time; gives how many ended in a second.
async fn rate(fleet: Fleet, broker: &str, time: Duration) -> Result<f64, Box<dyn Error>> {
    let mut schema = Schema::make("stagemark_fleet").await?;
    let broker = fleet.broker.then_some(broker);
    let scratch = tempfile::tempdir()?;
    let client = engine(&schema.url, broker).await?.scratch(scratch.path()).start().await?;
    let ended = watch::Sender::new(0);
    let mut workers = Vec::new();
    for _ in 0..fleet.workers {
        workers.push(Worker::start(&schema.url, broker, ended.clone()).await?);
    }
    let mut load = Load { client: &client, ended: ended.subscribe(), submitted: 0 };
    load.keep_up(WARM_UP).await?;
    let (before, begun) = (*load.ended.borrow(), Instant::now());
    load.keep_up(time).await?;
    let rate = (*load.ended.borrow() - before) as f64 / begun.elapsed().as_secs_f64();
    let submitted = load.submitted;
    load.ended.wait_for(|ended| *ended >= submitted).await?;
    client.shutdown(Duration::from_secs(5)).await;
    for worker in workers {
        worker.end().await?;
    }
    // The steps were counted; what counts is what was committed.
    let ready: i64 =
        sqlx::query_scalar("SELECT count(*) FROM stagemark_run WHERE status = 2").fetch_one(&mut schema.watch).await?;
    assert_eq!(usize::try_from(ready)?, submitted, "every run is ready");
    schema.drop().await?;
    Ok(rate)
}

struct Load<'a> {
    client: &'a Engine,
    /// How many runs came to their last step.
    ended: watch::Receiver<usize>,
    submitted: usize,
}

impl Load<'_> {
    async fn keep_up(&mut self, time: Duration) -> Result<(), Box<dyn Error>> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            let room = IN_FLIGHT.saturating_sub(self.submitted - *self.ended.borrow_and_update());
            try_join_all((0..room).map(|n| self.client.submit(FIVE, n as u64).into_future())).await?;
            self.submitted += room;
            self.ended.changed().await?;
        }
        Ok(())
    }
}

async fn engine(database: &str, broker: Option<&str>) -> Result<stagemark::Builder, Box<dyn Error>> {
    let builder = Engine::builder(SqlStore::open(database).await?).slots(2048);
    Ok(match broker {
        Some(url) => builder.dispatch(AmqpDispatch::connect(url).await?),
        None => builder,
    })
}

/// A worker: this program once more.
struct Worker(Child);

impl Worker {
    /// Starts one; what it says of runs that came to their last step is added up.
    async fn start(database: &str, broker: Option<&str>, ended: watch::Sender<usize>) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("--work").env(DATABASE, database).env_remove(BROKER).envs(broker.map(|url| (BROKER, url)));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("the worker has no output")?).lines();
        lines.next_line().await?.ok_or("the worker did not start")?;
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let more: usize = line.parse().expect("a worker writes numbers");
                ended.send_modify(|ended| *ended += more);
            }
        });
        Ok(Self(child))
    }

    async fn end(mut self) -> Result<(), Box<dyn Error>> {
        drop(self.0.stdin.take());
        let status = self.0.wait().await?;
        if status.success() { Ok(()) } else { Err(format!("a worker ended with {status}").into()) }
    }
}

/// Is such a worker, until its input ends.
pub(crate) async fn work() -> Result<(), Box<dyn Error>> {
    let (scratch, last) = (tempfile::tempdir()?, Arc::default());
    let broker = env::var(BROKER).ok();
    let builder = engine(&env::var(DATABASE)?, broker.as_deref()).await?;
    let engine = builder.scratch(scratch.path()).serve(five_counted(&last)).start().await?;
    println!("0");
    let mut told = 0;
    let mut tick = tokio::time::interval(TELL);
    let mut input = Vec::new();
    let mut end = pin!(async move { tokio::io::stdin().read_to_end(&mut input).await });
    loop {
        tokio::select! {
            end = &mut end => {
                end?;
                break;
            }
            _ = tick.tick() => {
                let now = last.load(Ordering::Relaxed);
                if now > told {
                    println!("{}", now - told);
                    told = now;
                }
            }
        }
    }
    engine.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
