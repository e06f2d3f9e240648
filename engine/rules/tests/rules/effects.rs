//! Effects: every change that others must know of is told, once.

use stagemark_rules::{Effect, Event, Input, Jitter, Status, TaskId};

use crate::fixture::{FIRST, NOW, Play, SECOND, THRICE, chain, item, mapped};

const EDIT: TaskId = TaskId::of(2);

fn trim_and_edit() -> Play {
    Play::of(chain(["trim", "edit"], THRICE))
}

#[test]
fn the_first_tasks_are_dispatched_at_the_beginning() {
    assert_eq!(trim_and_edit().effects, [Effect::Dispatch { task: FIRST, due: NOW }]);
}

#[test]
fn the_first_lease_announces_that_the_run_is_running() {
    let mut play = Play::with(mapped(THRICE), Input::List(2));

    play.claim(item(1, 0));
    let first = std::mem::take(&mut play.effects);
    play.claim(item(1, 1));

    assert_eq!((first, play.effects), (vec![Effect::Announce(Status::Running)], vec![]));
}

#[test]
fn a_success_dispatches_what_it_opened() {
    let mut play = trim_and_edit();

    play.complete(FIRST);

    assert_eq!(play.effects, [Effect::Dispatch { task: EDIT, due: NOW }]);
}

#[test]
fn the_last_success_announces_that_the_run_is_ready() {
    let mut play = trim_and_edit();

    play.complete(FIRST);
    play.complete(EDIT);

    assert_eq!(play.effects, [Effect::Announce(Status::Ready)]);
}

#[test]
fn a_retry_is_dispatched_for_the_end_of_its_wait() {
    let mut play = trim_and_edit();
    let attempt = play.claim(FIRST);

    play.fail(FIRST, attempt).unwrap();

    assert_eq!(play.effects, [Effect::Dispatch { task: FIRST, due: NOW.after(SECOND) }]);
}

#[test]
fn a_lease_that_is_handed_back_is_dispatched_at_once() {
    let mut play = trim_and_edit();
    let attempt = play.claim(FIRST);

    play.release(FIRST, attempt).unwrap();

    assert_eq!(play.effects, [Effect::Dispatch { task: FIRST, due: NOW }]);
}

#[test]
fn a_dead_task_is_told_before_what_it_stops_and_the_end() {
    let mut play = Play::with(mapped(THRICE), Input::List(3));
    let (task, running) = (item(1, 2), item(1, 0));
    let stopped = play.claim(running);
    let attempt = play.claim(task);

    play.decide(Event::Failed { task, attempt, permanent: true, jitter: Jitter::LEAST }).unwrap();

    let stop = Effect::Stop { task: running, attempt: stopped };
    assert_eq!(play.effects, [Effect::DeadLetter(task), stop, Effect::Announce(Status::Failed)]);
}

#[test]
fn a_cancellation_stops_every_attempt_that_runs() {
    let mut play = Play::with(mapped(THRICE), Input::List(3));
    play.claim(item(1, 0));
    play.claim(item(1, 2));

    play.decide(Event::Cancelled).unwrap();

    let stop = |nth| Effect::Stop { task: item(1, nth), attempt: 1 };
    assert_eq!(play.effects, [stop(0), stop(2), Effect::Announce(Status::Cancelled)]);
}
