//! Random shapes: chains, branches, joins and nested lists, with random policies.

use std::time::Duration;

use proptest::{collection::vec, prelude::*};
use stagemark_rules::{Backoff, Input, Kind, Policy, Shape};

/// A shape and an input that fits it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// As a host sees it that fuses.
    pub(crate) shape: Shape,
    /// As one does that fuses nothing.
    pub(crate) unfused: Shape,
    pub(crate) input: Input,
}

/// A node to be added: to which of the nodes before it, counted round and round.
#[derive(Clone, Copy, Debug)]
enum Draft {
    Step(usize, Policy),
    Each(usize, Policy),
    Join(usize, usize),
    Timer(usize, Duration),
}

pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    (vec(drafts(), 0..7), 0..4_u32, any::<bool>(), any::<u8>()).prop_map(|(drafts, items, is_list, fused)| {
        let mut shape = Shape::new();
        for draft in drafts {
            add(&mut shape, draft);
        }
        let input = if is_list || shape.is_mapped(0) { Input::List(items) } else { Input::One };
        let unfused = shape.clone();
        fuse(&mut shape, fused);
        Plan { shape, unfused, input }
    })
}

/// Plans that begin with a chain of steps, so that most of them have groups.
pub(crate) fn chains() -> impl Strategy<Value = Plan> {
    (vec(policies(), 2..6), plans(), any::<u8>()).prop_map(|(policies, mut plan, fused)| {
        let (mut shape, mut last) = (Shape::new(), 0);
        for policy in policies {
            last = shape.step("chained", last, policy);
        }
        if let Input::List(_) = plan.input {
            shape.each("each", 0, Policy::default());
        }
        plan.unfused = shape.clone();
        fuse(&mut shape, fused | 3);
        Plan { shape, ..plan }
    })
}

/// Makes groups of those neighbours that may be, as far as the bits say so.
fn fuse(shape: &mut Shape, bits: u8) {
    for first in 1..u16::try_from(shape.nodes().len()).expect("few nodes") {
        let readers: Vec<_> = shape.readers(first).collect();
        let [next] = readers[..] else { continue };
        if bits & (1 << (first % 8)) != 0 {
            shape.fuse(first, next);
        }
    }
}

fn drafts() -> impl Strategy<Value = Draft> {
    prop_oneof![
        4 => (0..8_usize, policies()).prop_map(|(input, policy)| Draft::Step(input, policy)),
        2 => (0..8_usize, policies()).prop_map(|(input, policy)| Draft::Each(input, policy)),
        1 => (0..8_usize, 0..8_usize).prop_map(|(left, right)| Draft::Join(left, right)),
        1 => (0..8_usize, 0..3_u64).prop_map(|(input, s)| Draft::Timer(input, Duration::from_secs(s))),
    ]
}

fn policies() -> impl Strategy<Value = Policy> {
    let waits = (0..3_u64).prop_map(Duration::from_secs);
    let backoffs = prop_oneof![
        waits.clone().prop_map(Backoff::Fixed),
        waits.prop_map(Backoff::exponential),
        Just(Backoff::Fixed(Duration::MAX)),
    ];
    let limits = proptest::option::of(1..4_u32);
    (1..4_u32, backoffs, limits).prop_map(|(attempts, backoff, concurrency)| Policy { attempts, backoff, concurrency })
}

fn add(shape: &mut Shape, draft: Draft) {
    let nodes: Vec<_> = (0_u16..).zip(shape.nodes()).map(|(number, node)| (number, node.kind)).collect();
    let any = |nth: usize| nodes[nth % nodes.len()].0;
    match draft {
        Draft::Step(input, policy) => shape.step("step", any(input), policy),
        Draft::Join(left, right) => shape.join(any(left), any(right)),
        Draft::Timer(input, delay) => shape.timer(any(input), delay),
        Draft::Each(input, policy) => {
            // A pair is no list, also later; the input, steps and lists may be.
            let lists: Vec<_> = nodes.iter().filter(|(number, _)| !is_pair(shape, *number)).collect();
            shape.each("each", lists[input % lists.len()].0, policy)
        }
    };
}

fn is_pair(shape: &Shape, number: u16) -> bool {
    let node = &shape.nodes()[usize::from(number)];
    match node.kind {
        Kind::Join => true,
        Kind::Timer => is_pair(shape, node.inputs[0]),
        Kind::Input | Kind::Step | Kind::Each => false,
    }
}
