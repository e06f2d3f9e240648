//! Harm that is done to the broker under load: all goes on by itself, and nothing is lost that it had confirmed.

use std::{sync::OnceLock, time::Duration};

use stagemark_amqp::AmqpDispatch;
use stagemark_services::{RabbitMq, ServiceError};
use tokio::{
    sync::{Mutex, MutexGuard},
    task::spawn_blocking,
    time::{Instant, sleep},
};

use crate::{fixture::Rabbit, traffic::Traffic, work::Work};

/// The broker of these tests alone, one after the other.
static SERVER: OnceLock<RabbitMq> = OnceLock::new();
static TURN: Mutex<()> = Mutex::const_new(());
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Longer than the clients wait for a heartbeat, and than for an answer.
const FREEZE: Duration = Duration::from_secs(6);
const QUEUES_ARE_KEPT: Duration = Duration::from_secs(2);
const PLENTY: &str = "0.9";

/// A broker under load.
struct Bench {
    traffic: Traffic,
    work: Work,
    /// Where hints go and come; nobody works on them.
    rabbit: Rabbit,
    /// Where engines tell each other of runs.
    _engines: Rabbit,
    _turn: MutexGuard<'static, ()>,
}

/// Does to the server what blocks.
async fn to_server(harm: impl FnOnce(&RabbitMq) -> Result<(), ServiceError> + Send + 'static) {
    let harmed = spawn_blocking(|| {
        let server = SERVER.get_or_init(|| RabbitMq::temporary().expect("RabbitMQ starts"));
        harm(server)
    });
    harmed.await.unwrap().unwrap();
}

fn memory(server: &RabbitMq, part: &str) -> Result<(), ServiceError> {
    server.ctl(&["set_vm_memory_high_watermark", part]).map(drop)
}

async fn client(rabbit: &Rabbit) -> AmqpDispatch {
    rabbit.builder().heartbeat(HEARTBEAT).timeout(2 * HEARTBEAT).connect().await.unwrap()
}

impl Bench {
    async fn begin() -> Self {
        let turn = TURN.lock().await;
        // Whatever a test that failed has left.
        to_server(|server| {
            server.resume();
            server.start_again()?;
            memory(server, PLENTY)
        })
        .await;
        let url = SERVER.get().unwrap().url();
        let (rabbit, engines) = (Rabbit::at(&url).await, Rabbit::at(&url).await);
        let traffic = Traffic::between(client(&rabbit).await, client(&rabbit).await);
        let work = Work::begin([client(&engines).await, client(&engines).await, client(&engines).await]).await;
        traffic.flows(100).await;
        // RabbitMQ notes on disk half a second later which quorum queues it has; one that it was killed over before
        // that never has a leader again.
        sleep(QUEUES_ARE_KEPT).await;
        Self { traffic, work, rabbit, _engines: engines, _turn: turn }
    }

    /// Sees that all goes on after a fault, and that nothing is lost of what was sent since a moment, or ever.
    async fn ends_well(self, fault: &str, over: Instant, since: Option<Instant>) {
        let took = self.traffic.recovers(over).await;
        println!("{fault}: hints come through again after {took:?}");
        self.traffic.flows(100).await;
        self.traffic.loses_nothing(since).await;
        self.work.ends_well().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_may_be_restarted() {
    let bench = Bench::begin().await;

    to_server(RabbitMq::restart).await;

    bench.ends_well("restart", Instant::now(), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_may_be_killed() {
    let bench = Bench::begin().await;

    to_server(|server| server.kill().and_then(|()| server.start_again())).await;

    bench.ends_well("kill", Instant::now(), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_may_lose_all_that_it_had() {
    let bench = Bench::begin().await;

    to_server(RabbitMq::wipe).await;

    let over = Instant::now();
    bench.ends_well("wipe", over, Some(over)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_may_freeze_for_longer_than_a_heartbeat() {
    let bench = Bench::begin().await;

    to_server(RabbitMq::pause).await;
    bench.traffic.is_refused("did not answer").await;
    sleep(FREEZE).await;
    to_server(|server| {
        server.resume();
        Ok(())
    })
    .await;

    bench.ends_well("freeze", Instant::now(), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_may_be_deleted_by_hand() {
    let bench = Bench::begin().await;

    // Several times: who makes it again, and who hears of the end first, is a matter of chance.
    for _ in 0..10 {
        for queue in [bench.rabbit.queue("default"), bench.rabbit.dead("default")] {
            bench.rabbit.console().await.delete(&queue).await;
        }
        bench.traffic.recovers(Instant::now()).await;
    }

    let over = Instant::now();
    bench.ends_well("deletion", over, Some(over)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_may_run_out_of_memory() {
    let bench = Bench::begin().await;

    to_server(|server| memory(server, "0.00001")).await;
    bench.traffic.is_refused("short of memory or disk").await;
    to_server(|server| memory(server, PLENTY)).await;

    bench.ends_well("memory alarm", Instant::now(), None).await;
}
