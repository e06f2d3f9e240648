//! Steps are left to the workers of their pool.

use std::time::Duration;

use stagemark::{Builder, Definition, MemoryDispatch, MemoryStore, Name, Step, Workflow, from_fn};

use crate::fixture::{Log, SELDOM, engine, soon};

const GPU: Name = Name::new("gpu");
const RENDER: Workflow<u32, u32> = Workflow::new("render");

/// Cuts anywhere, encodes where there is a GPU, and ends anywhere; each step notes on which host it ran.
fn render(host: &'static str, log: &Log<(&'static str, &'static str)>) -> Definition {
    let on = |name: Name| {
        let log = log.clone();
        from_fn(name, move |_, n: u32| {
            let log = log.clone();
            async move {
                log.note((name.as_str(), host)).await;
                Ok(n + 1)
            }
        })
    };
    RENDER.define(|n| n.then(on(Name::new("cut"))).then(on(Name::new("encode")).pool(GPU)).then(on(Name::new("end"))))
}

fn host(store: &MemoryStore, broker: &MemoryDispatch) -> Builder {
    engine(store, broker.clone(), SELDOM)
}

#[tokio::test]
async fn a_step_of_a_pool_runs_on_a_worker_of_that_pool() {
    let (store, broker, log) = (MemoryStore::new(), MemoryDispatch::new(), Log::default());
    let api = host(&store, &broker).start().await.unwrap();
    let plain = host(&store, &broker).serve(render("plain", &log)).start().await.unwrap();
    let gpu = host(&store, &broker).serve(render("gpu", &log)).pools([GPU]).start().await.unwrap();

    let run = api.submit(RENDER, 1).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 4);
    assert_eq!(log.all().await, [("cut", "plain"), ("encode", "gpu"), ("end", "plain")]);
    plain.shutdown(Duration::ZERO).await;
    gpu.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_worker_of_all_pools_runs_all_steps() {
    let (store, broker, log) = (MemoryStore::new(), MemoryDispatch::new(), Log::default());
    let api = host(&store, &broker).start().await.unwrap();
    let pools = [stagemark::DEFAULT_POOL, GPU];
    let both = host(&store, &broker).serve(render("both", &log)).pools(pools).start().await.unwrap();

    let run = api.submit(RENDER, 1).await.unwrap();

    assert_eq!(soon(run.result()).await.unwrap(), 4);
    assert!(log.all().await.iter().all(|(_, host)| *host == "both"));
    both.shutdown(Duration::ZERO).await;
}
