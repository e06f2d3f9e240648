//! Load: runs with steps of all kinds, submitted one after the other, each under its key.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use stagemark::{Engine, Run, SubmitError};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    all_kinds::{ALL_KINDS, Made},
    check::assert_all_whole,
    cluster::Cluster,
};

/// Between two submissions.
const PACE: Duration = Duration::from_millis(40);
/// In which everything must have come to its end, once the fault is over.
const PATIENCE: Duration = Duration::from_mins(3);

/// Submits a run under the key of its number, as often as it takes.
pub(crate) async fn submit(engine: &Engine, n: u32) -> Run<Made> {
    loop {
        match engine.submit(ALL_KINDS, n % 4).key(format!("run-{n}")).await {
            Ok(run) => return run,
            // As a caller would: with the same key it is the same run, whatever became of the first try.
            Err(SubmitError::Store(_)) => sleep(Duration::from_millis(200)).await,
            Err(error) => panic!("run {n} is refused: {error:?}"),
        }
    }
}

/// Runs that are submitted until told to stop.
pub(crate) struct Load {
    enough: Arc<AtomicBool>,
    runs: JoinHandle<Vec<Run<Made>>>,
}

impl Load {
    pub(crate) fn begin(engine: &Engine) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let (told, engine) = (Arc::clone(&enough), engine.clone());
        let runs = tokio::spawn(async move {
            let mut runs = Vec::new();
            while !told.load(SeqCst) {
                runs.push(submit(&engine, u32::try_from(runs.len()).unwrap()).await);
                sleep(PACE).await;
            }
            runs
        });
        Self { enough, runs }
    }

    /// Submits no more, and waits until all has ended; gives how many runs there were.
    pub(crate) async fn end(self) -> u32 {
        self.enough.store(true, SeqCst);
        let all = async {
            let runs = self.runs.await.unwrap();
            for result in join_all(runs.iter().map(Run::result)).await {
                result.unwrap();
            }
            runs.len()
        };
        u32::try_from(timeout(PATIENCE, all).await.expect("every run comes to its end")).unwrap()
    }
}

/// Two hosts under load, and a fault in its midst: nothing is lost and nothing is done twice. Tells how long after the
/// fault a run that is submitted then is done.
pub(crate) async fn survive<F, Fut>(fault: &str, inflict: F)
where
    F: FnOnce(Arc<Cluster>) -> Fut,
    Fut: Future<Output = ()>,
{
    survive_in(Cluster::start().await, fault, inflict).await;
}

/// As [`survive`], in a cluster that was prepared.
pub(crate) async fn survive_in<F, Fut>(cluster: Cluster, fault: &str, inflict: F)
where
    F: FnOnce(Arc<Cluster>) -> Fut,
    Fut: Future<Output = ()>,
{
    let cluster = Arc::new(cluster);
    let hosts = cluster.hosts();
    let client = cluster.client().await;
    // So that the fault meets hosts at work.
    timeout(PATIENCE, submit(&client, 1_000_001).await.result()).await.expect("the hosts work").unwrap();

    let load = Load::begin(&client);
    sleep(Duration::from_secs(1)).await;
    inflict(Arc::clone(&cluster)).await;
    let over = Instant::now();
    timeout(PATIENCE, submit(&client, 1_000_002).await.result()).await.expect("work goes on").unwrap();
    println!("{fault}: a run that is submitted afterwards is done after {:?}", over.elapsed());
    let runs = load.end().await;

    assert_all_whole(&cluster, &client, (0..runs).chain([1_000_001, 1_000_002])).await;
    drop(hosts);
}
