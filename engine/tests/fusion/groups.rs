//! Where a group ends.

use std::sync::Arc;

use stagemark::{DEFAULT_POOL, Definition, Engine, MemoryLimits, MemoryStore, Name, Node, Step, Workflow, from_fn};

use crate::numbers::{ADD, Desk, TIMES, add, builder, finish, soon, tasks, times};

const CHAIN: Workflow<i64, i64> = Workflow::new("chain");
const HEAVY: Name = Name::new("heavy");

/// The calls of one run of a chain.
async fn calls_of(draw: impl for<'plan> FnOnce(Node<'plan, i64>, &Arc<Desk>) -> Node<'plan, i64>) -> Vec<String> {
    let desk = Desk::with([]);
    let chain = CHAIN.define(|n| draw(n, &desk));
    let engine = builder(MemoryStore::new()).pools([DEFAULT_POOL, HEAVY]).limits(MemoryLimits::new());
    run(engine.serve(chain).start().await.unwrap()).await;
    desk.calls()
}

async fn run(engine: Engine) {
    soon(engine.submit(CHAIN, 1).await.unwrap().result()).await.unwrap();
    finish(engine).await;
}

#[tokio::test]
async fn a_value_that_is_asked_for_ends_a_group() {
    let calls = calls_of(|n, desk| n.then(add(1, desk)).then(add(2, desk)).materialize().then(times(3, desk))).await;

    assert_eq!(calls, ["add+add", "times"]);
}

#[tokio::test]
async fn a_value_that_is_asked_for_is_there() {
    let desk = Desk::with([]);
    let chain = CHAIN.define(|n| n.then(add(1, &desk)).then(add(2, &desk)).materialize().then(times(3, &desk)));
    let engine = builder(MemoryStore::new()).serve(chain).start().await.unwrap();

    let run = engine.submit(CHAIN, 1).await.unwrap();
    run.result().await.unwrap();

    let outputs: Vec<_> = tasks(&run).await.into_iter().map(|task| task.output).collect();
    assert_eq!(outputs, [None, Some("4".into()), Some("12".into())]);
    finish(engine).await;
}

#[tokio::test]
async fn a_value_that_two_steps_take_ends_a_group() {
    let calls = calls_of(|n, desk| {
        let split = n.then(add(1, desk)).then(add(2, desk));
        let sum = from_fn(Name::new("sum"), |_, (a, b): (i64, i64)| async move { Ok(a + b) });
        split.then(times(2, desk)).and(split.then(times(3, desk))).then(sum).then(add(1, desk))
    })
    .await;

    assert_eq!(calls, ["add+add", "times", "times", "add"]);
}

#[tokio::test]
async fn a_step_that_has_no_family_ends_a_group() {
    let plain = || from_fn(Name::new("plain"), |_, n: i64| async move { Ok(n) });
    let calls = calls_of(|n, desk| {
        n.then(add(1, desk)).then(add(2, desk)).then(plain()).then(times(2, desk)).then(add(1, desk))
    })
    .await;

    assert_eq!(calls, ["add+add", "times+add"]);
}

#[tokio::test]
async fn the_result_of_the_run_ends_a_group() {
    let calls = calls_of(|n, desk| {
        let result = n.then(add(1, desk));
        let _unread = result.then(times(2, desk));
        result
    })
    .await;

    assert_eq!(calls, ["add", "times"]);
}

#[tokio::test]
async fn another_pool_ends_a_group() {
    let calls = calls_of(|n, desk| {
        n.then(add(1, desk)).then(add(2, desk)).then(times(2, desk).pool(HEAVY)).then(times(3, desk).pool(HEAVY))
    })
    .await;

    assert_eq!(calls, ["add+add", "times+times"]);
}

#[tokio::test]
async fn a_step_that_is_limited_over_the_fleet_is_run_alone() {
    let calls = calls_of(|n, desk| {
        n.then(add(1, desk)).then(add(2, desk)).then(times(2, desk).fleet_limit(2)).then(add(1, desk))
    })
    .await;

    assert_eq!(calls, ["add+add", "times", "add"]);
}

#[tokio::test]
async fn a_group_fans_out_behind_its_last_step() {
    const LIST: Workflow<i64, Vec<i64>> = Workflow::new("list");
    struct Split;
    impl Step for Split {
        const NAME: Name = Name::new("split");
        type Input = i64;
        type Output = Vec<i64>;

        async fn run(&self, _: &stagemark::Attempt, n: i64) -> Result<Vec<i64>, stagemark::StepError> {
            Ok((0..n).collect())
        }
    }
    let desk = Desk::with([]);
    let list = LIST.define(|n| {
        let parts = n.then(add(1, &desk)).then(add(1, &desk)).then(Split);
        parts.each(times(2, &desk)).each(add(1, &desk))
    });
    let engine = builder(MemoryStore::new()).serve(list).start().await.unwrap();

    let made = soon(engine.submit(LIST, 1).await.unwrap().result()).await.unwrap();

    assert_eq!((made, desk.calls()[0].as_str(), desk.calls().len()), (vec![1, 3, 5], "add+add", 7));
    finish(engine).await;
}

fn four(desk: &Arc<Desk>) -> Definition {
    CHAIN.define(|n| n.then(add(1, desk)).then(add(2, desk)).then(times(2, desk)).then(times(3, desk)))
}

#[tokio::test]
async fn fusion_is_switched_off_for_a_workflow() {
    let desk = Desk::with([]);
    run(builder(MemoryStore::new()).serve(four(&desk).fusion(false)).start().await.unwrap()).await;

    assert_eq!(desk.calls(), ["add", "add", "times", "times"]);
}

#[tokio::test]
async fn fusion_is_switched_off_for_a_worker() {
    let desk = Desk::with([]);
    run(builder(MemoryStore::new()).serve(four(&desk)).fusion(false).start().await.unwrap()).await;

    assert_eq!(desk.calls(), ["add", "add", "times", "times"]);
}

#[tokio::test]
async fn a_worker_that_leaves_a_step_to_others_has_no_pass_with_it() {
    let (desk, store) = (Desk::with([]), MemoryStore::new());
    let adder = builder(store.clone()).serve(four(&desk)).slots_of(TIMES, 0).start().await.unwrap();
    let multiplier = builder(store).serve(four(&desk)).slots_of(ADD, 0).start().await.unwrap();

    run(adder).await;

    assert_eq!(desk.calls(), ["add+add", "times+times"]);
    finish(multiplier).await;
}

#[tokio::test]
async fn a_pass_waits_for_the_slots_of_all_its_steps() {
    let desk = Desk::with([]);
    let engine = builder(MemoryStore::new()).serve(four(&desk)).slots_of(TIMES, 1).slots_of(ADD, 2);
    let engine = engine.start().await.unwrap();

    let runs = (0..20).map(|n| engine.submit(CHAIN, n).into_future());
    let runs = futures::future::try_join_all(runs).await.unwrap();
    let results = futures::future::try_join_all(runs.iter().map(stagemark::Run::result));

    assert_eq!(soon(results).await.unwrap(), (0..20).map(|n| (n + 3) * 6).collect::<Vec<_>>());
    assert_eq!(desk.calls(), ["add+add+times+times"; 20]);
    finish(engine).await;
}
