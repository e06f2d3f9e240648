//! Fused or not, the result is the same.

use std::sync::Arc;

use proptest::{collection::vec, prelude::*};
use stagemark::{Definition, MemoryStore, RunError, Workflow};

use crate::numbers::{Calculate, Desk, Op, builder, finish, soon};

const CHAIN: Workflow<i64, i64> = Workflow::new("chain");

/// A step, and whether its output is asked for.
fn links() -> impl Strategy<Value = Vec<(Op, bool)>> {
    let op = prop_oneof![
        8 => (-9..9_i64).prop_map(Op::Add),
        8 => (-9..9_i64).prop_map(Op::Times),
        1 => Just(Op::Broken),
    ];
    vec((op, proptest::bool::weighted(0.2)), 1..9)
}

fn chain(links: &[(Op, bool)], desk: &Arc<Desk>) -> Definition {
    CHAIN.define(|n| {
        links.iter().fold(n, |n, (op, is_asked_for)| {
            let next = n.then(Calculate(*op, Arc::clone(desk)));
            if *is_asked_for { next.materialize() } else { next }
        })
    })
}

/// The result or the step at fault, and how many calls it took.
async fn outcome(links: &[(Op, bool)], fusion: bool, n: i64) -> (Result<i64, String>, usize) {
    let desk = Desk::with([]);
    let engine = builder(MemoryStore::new()).serve(chain(links, &desk)).fusion(fusion).start().await.unwrap();
    let result = match soon(engine.submit(CHAIN, n).await.unwrap().result()).await {
        Ok(number) => Ok(number),
        Err(RunError::Failed(failed)) => Err(format!("{} {:?}", failed.step, failed.chain)),
        Err(error) => panic!("{error}"),
    };
    finish(engine).await;
    (result, desk.calls().len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_fused_chain_makes_what_its_steps_make_one_by_one(links in links(), n in -99..99_i64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

        let (fused, calls) = runtime.block_on(outcome(&links, true, n));
        let (alone, single_calls) = runtime.block_on(outcome(&links, false, n));

        prop_assert_eq!(&fused, &alone);
        let groups = 1 + links[..links.len() - 1].iter().filter(|(_, is_asked_for)| *is_asked_for).count();
        prop_assert_eq!(single_calls, links.iter().take_while(|(op, _)| *op != Op::Broken).count() + usize::from(fused.is_err()));
        prop_assert!(fused.is_err() || calls == groups, "{} calls for {} groups", calls, groups);
    }
}
