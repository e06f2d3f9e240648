//! Timers: they hold a value back, without a worker, and across restarts.

use stagemark_rules::{Effect, Event, Input, Phase, Policy, Rejected, Shape, Status, TaskId, Timestamp, restore};

use crate::fixture::{FIRST, NOW, Play, SECOND, THRICE, chain, item};

/// A step, a timer of a second, and a step.
fn later() -> Shape {
    let mut shape = chain(["trim"], THRICE);
    let timer = shape.timer(1, SECOND);
    shape.step("edit", timer, THRICE);
    shape
}

const TIMER: TaskId = TaskId::of(2);
const AFTER: TaskId = TaskId::of(3);
const DUE: Timestamp = Timestamp(NOW.0 + 1_000);

fn running() -> Play {
    let mut play = Play::of(later());
    play.complete(FIRST);
    play
}

#[test]
fn a_timer_runs_from_when_its_input_is_done() {
    let play = running();

    assert_eq!(play.phase(TIMER), Phase::Queued { due: DUE });
    assert_eq!(play.effects, [Effect::Dispatch { task: TIMER, due: DUE }]);
    assert_eq!(play.claimable(), [TIMER]);
}

#[test]
fn a_timer_does_not_elapse_before_its_moment() {
    let mut play = running();
    play.now = Timestamp(DUE.0 - 1);

    assert_eq!(play.decide(Event::Elapsed { task: TIMER }), Err(Rejected::NotDue { due: DUE }));
}

#[test]
fn what_stands_after_a_timer_opens_when_it_has_elapsed() {
    let mut play = running();
    play.now = DUE;

    play.decide(Event::Elapsed { task: TIMER }).unwrap();

    assert_eq!(play.phase(TIMER), Phase::Done { width: None });
    assert_eq!(play.claimable(), [AFTER]);
    play.complete(AFTER);
    assert_eq!(play.status(), Status::Ready);
}

#[test]
fn a_timer_is_never_leased_and_a_step_never_elapses() {
    let mut play = running();
    play.now = DUE;

    assert_eq!(play.try_claim(TIMER), Err(Rejected::WrongKind(TIMER)));
    let mut other = Play::of(later());
    assert_eq!(other.decide(Event::Elapsed { task: FIRST }), Err(Rejected::WrongKind(FIRST)));
}

#[test]
fn a_timer_that_runs_keeps_its_moment_when_it_is_stored_and_the_delay_is_changed() {
    let play = running();
    let mut longer = chain(["trim"], THRICE);
    let timer = longer.timer(1, SECOND * 60);
    longer.step("edit", timer, THRICE);

    let run = restore(&longer, play.run.status, None, play.run.tasks.clone(), None);

    assert_eq!(run, play.run);
    assert_eq!(later().difference(&longer), None);
}

#[test]
fn a_run_of_a_timer_alone_is_queued_until_it_is_ready() {
    let mut shape = Shape::new();
    let timer = TaskId::of(shape.timer(0, SECOND));
    let mut play = Play::of(shape);
    assert_eq!(play.status(), Status::Queued);
    play.now = DUE;

    play.decide(Event::Elapsed { task: timer }).unwrap();

    assert_eq!(play.status(), Status::Ready);
}

#[test]
fn an_each_after_a_timer_maps_over_the_list_before_it() {
    let mut shape = Shape::new();
    let timer = shape.timer(0, SECOND);
    let each = shape.each("encode", timer, Policy::default());
    assert!(shape.is_mapped(0));
    let mut play = Play::with(shape, Input::List(2));
    play.now = DUE;

    play.decide(Event::Elapsed { task: TaskId::of(timer) }).unwrap();

    assert_eq!(play.claimable(), [item(each, 0), item(each, 1)]);
}

#[test]
fn a_timer_of_a_cancelled_run_is_dropped() {
    let mut play = running();

    play.decide(Event::Cancelled).unwrap();

    assert_eq!(play.phase(TIMER), Phase::Dropped);
    assert_eq!(play.claimable(), []);
}

#[test]
fn no_group_goes_across_a_timer() {
    let mut shape = later();

    assert!(!shape.fuse(1, 3) && !shape.fuse(1, 2) && !shape.fuse(2, 3));
}

#[test]
fn a_graph_that_was_stored_before_there_were_timers_still_loads() {
    let stored = r#"{"nodes":[{"kind":"input","name":"","inputs":[]},{"kind":"step","name":"trim","inputs":[0]}]}"#;

    let shape: Shape = serde_json::from_str(stored).unwrap();

    assert_eq!(shape.difference(&chain(["trim"], THRICE)), None);
    assert_eq!(serde_json::to_string(&shape).unwrap(), stored);
}
