//! apalis-workflow on PostgreSQL: a flow of five steps that do nothing, 64 at a time.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use apalis::prelude::*;
use apalis_postgres::{Config, PostgresStorage};
use apalis_workflow::{SteppedFlow, WorkflowSink as _};
use sqlx::postgres::PgPoolOptions;
use stagemark_bench_peers::{Mode, arguments, tell_rate, tell_times};
use tokio::time::sleep;

async fn next(n: usize) -> Result<usize, BoxDynError> {
    Ok(n + 1)
}

#[tokio::main]
async fn main() {
    let (mode, runs) = arguments();
    let url = env::var("DATABASE_URL").expect("DATABASE_URL names a database");
    let pool = PgPoolOptions::new().max_connections(50).connect(&url).await.expect("the database is there");
    PostgresStorage::setup(&pool).await.expect("the tables are made");
    if mode == Mode::Setup {
        return;
    }
    let ended = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ended);
    let last = move |n: usize| {
        count.fetch_add(1, SeqCst);
        next(n)
    };
    let flow = SteppedFlow::new("chain").and_then(next).and_then(next).and_then(next).and_then(next).and_then(last);
    let config = || Config::default().queue("chain").batch_size(100);
    let backend = PostgresStorage::new(&pool).with_config(config()).with_pubsub();
    let backend = backend.poll_with_interval(Duration::from_millis(100));
    let mut sink: PostgresStorage<usize> = PostgresStorage::new(&pool).with_config(config());
    let worker = WorkerBuilder::new("peers").backend(backend).concurrency(64);
    let worker = worker.on_event(|_, event| {
        if let Event::Error(error) = event {
            eprintln!("{error}");
        }
    });
    let worker = worker.build(flow);
    let work = async move { worker.run().await.expect("the worker runs") };
    if mode == Mode::Throughput {
        let begun = Instant::now();
        for n in 0..runs {
            sink.push_start(n).await.expect("a run is submitted");
        }
        tokio::spawn(work);
        while ended.load(SeqCst) < runs {
            sleep(Duration::from_millis(20)).await;
        }
        tell_rate(runs, begun);
    } else {
        tokio::spawn(work);
        sleep(Duration::from_millis(500)).await;
        let mut times = Vec::new();
        for n in 0..runs {
            let (begun, before) = (Instant::now(), ended.load(SeqCst));
            sink.push_start(n).await.expect("a run is submitted");
            while ended.load(SeqCst) == before {
                sleep(Duration::from_millis(1)).await;
            }
            times.push(begun.elapsed());
        }
        tell_times(times);
    }
    std::process::exit(0)
}
