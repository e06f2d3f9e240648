//! Ends: a run that has ended stays as it is.

use stagemark_rules::{Event, Input, Phase, Policy, Rejected, Status, TaskId};

use crate::fixture::{FIRST, Play, THRICE, chain, item, mapped};

fn trim_and_edit() -> Play {
    Play::of(chain(["trim", "edit"], THRICE))
}

#[test]
fn a_queued_run_can_be_cancelled() {
    let mut play = trim_and_edit();

    play.decide(Event::Cancelled).unwrap();

    assert_eq!((play.status(), play.phase(FIRST)), (Status::Cancelled, Phase::Dropped));
}

#[test]
fn a_cancelled_run_drops_what_is_open_and_keeps_what_is_done() {
    let mut play = trim_and_edit();
    play.complete(FIRST);
    play.claim(TaskId::of(2));

    play.decide(Event::Cancelled).unwrap();

    assert_eq!(play.phase(FIRST), Phase::Done { width: None });
    assert_eq!(play.phase(TaskId::of(2)), Phase::Dropped);
}

#[test]
fn a_success_after_the_cancellation_is_rejected() {
    let mut play = trim_and_edit();
    let attempt = play.claim(FIRST);
    play.decide(Event::Cancelled).unwrap();

    assert_eq!(play.succeed(FIRST, attempt), Err(Rejected::RunIsOver(Status::Cancelled)));
}

#[test]
fn a_second_cancellation_is_rejected() {
    let mut play = trim_and_edit();
    play.decide(Event::Cancelled).unwrap();

    assert_eq!(play.decide(Event::Cancelled), Err(Rejected::RunIsOver(Status::Cancelled)));
}

#[test]
fn a_ready_run_cannot_be_cancelled() {
    let mut play = Play::of(chain(["trim"], THRICE));
    play.complete(FIRST);

    assert_eq!(play.decide(Event::Cancelled), Err(Rejected::RunIsOver(Status::Ready)));
}

#[test]
fn one_dead_item_fails_the_run_and_drops_the_others() {
    let mut play = Play::with(mapped(Policy { attempts: 1, ..THRICE }), Input::List(4));
    play.complete(item(1, 0));
    play.claim(item(1, 1));
    let attempt = play.claim(item(1, 2));

    play.fail(item(1, 2), attempt).unwrap();

    let phases: Vec<_> = play.run.tasks.iter().map(|(_, task)| task.phase).collect();
    assert_eq!(phases, [Phase::Done { width: None }, Phase::Dropped, Phase::Dead, Phase::Dropped]);
    assert_eq!(play.status(), Status::Failed);
}

#[test]
fn nothing_is_offered_of_a_run_that_has_ended() {
    let mut play = trim_and_edit();

    play.decide(Event::Cancelled).unwrap();

    assert_eq!(play.claimable(), []);
}

#[test]
fn every_event_is_rejected_after_a_failure() {
    let mut play = Play::of(chain(["trim"], Policy { attempts: 1, ..THRICE }));
    let attempt = play.claim(FIRST);
    play.fail(FIRST, attempt).unwrap();

    let answers =
        [play.try_claim(FIRST), play.succeed(FIRST, attempt), play.fail(FIRST, attempt), play.release(FIRST, attempt)];

    assert_eq!(answers, [Err(Rejected::RunIsOver(Status::Failed)); 4]);
}
