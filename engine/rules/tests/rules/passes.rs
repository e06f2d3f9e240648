//! Passes: several steps of a group in one attempt.

use stagemark_rules::{Effect, Event, Fusion, Input, Jitter, Phase, Policy, Rejected, Shape, Status, TaskId, restore};

use crate::fixture::{ADA, BOB, FIRST, NOW, Play, SECOND, THRICE, chain};

const TRIM: TaskId = FIRST;
const EDIT: TaskId = TaskId::of(2);
const JOIN: TaskId = TaskId::of(3);

/// Three steps of one group, and one behind them.
fn shape(edit: Policy) -> Shape {
    let mut shape = Shape::new();
    let trim = shape.step("trim", 0, THRICE);
    let edit = shape.step("edit", trim, edit);
    let join = shape.step("join", edit, THRICE);
    shape.step("publish", join, THRICE);
    shape.fuse(trim, edit);
    shape.fuse(edit, join);
    shape
}

fn grouped() -> Play {
    Play::of(shape(THRICE))
}

fn attempts(play: &Play) -> [u32; 3] {
    [TRIM, EDIT, JOIN].map(|task| play.task(task).attempt)
}

fn fail_for_good(play: &mut Play, task: TaskId, attempt: u32) {
    play.decide(Event::Failed { task, attempt, permanent: true, jitter: Jitter::MOST }).unwrap();
}

#[test]
fn a_group_is_leased_together() {
    let mut play = grouped();

    play.claim(TRIM);

    assert_eq!(play.run.attempts().collect::<Vec<_>>(), [(TRIM, ADA, 1)], "as one attempt");
    assert_eq!(play.run.members(TRIM).collect::<Vec<_>>(), [TRIM, EDIT, JOIN]);
    assert_eq!(attempts(&play), [1; 3]);
    assert_eq!(play.claimable(), []);
}

#[test]
fn a_pass_makes_all_of_its_tasks_done() {
    let mut play = grouped();
    let attempt = play.claim(TRIM);

    play.succeed(TRIM, attempt).unwrap();

    assert!([TRIM, EDIT, JOIN].iter().all(|task| play.phase(*task) == Phase::Done { width: None }));
    assert_eq!(play.claimable(), [TaskId::of(4)], "what comes after it is open");
}

#[test]
fn the_width_of_a_pass_is_that_of_its_last_output() {
    let mut shape = chain(["split", "sort"], THRICE);
    shape.each("encode", 2, THRICE);
    shape.fuse(1, 2);
    let mut play = Play::with(shape, Input::One);
    let attempt = play.claim(FIRST);

    let untold = play.succeed(FIRST, attempt);
    play.decide(Event::Succeeded { task: FIRST, attempt, width: Some(2) }).unwrap();

    assert_eq!(untold, Err(Rejected::WidthMissing(EDIT)));
    assert_eq!(play.claimable().len(), 2);
}

#[test]
fn a_pass_is_named_by_its_first_task() {
    let mut play = grouped();
    play.claim(TRIM);

    assert_eq!(play.succeed(EDIT, 1), Err(Rejected::PartOfPass { first: 1 }));
    assert_eq!(play.try_claim(EDIT), Err(Rejected::NotQueued(EDIT)));
}

#[test]
fn a_pass_that_failed_is_tried_again_as_a_pass() {
    let mut play = grouped();
    let attempt = play.claim(TRIM);

    play.fail(TRIM, attempt).unwrap();

    assert_eq!(play.phase(TRIM), Phase::Queued { due: NOW.after(SECOND) });
    assert_eq!((play.phase(EDIT), play.phase(JOIN)), (Phase::Waiting, Phase::Waiting));
    play.claim(TRIM);
    assert_eq!(attempts(&play), [2; 3], "every task has a new fencing token");
    assert_eq!(play.succeed(TRIM, attempt), Err(Rejected::StaleAttempt { sent: 1, current: 2 }));
}

#[test]
fn the_smallest_number_of_attempts_counts_for_a_pass() {
    let mut play = Play::of(shape(Policy { attempts: 2, ..THRICE }));
    let first = play.claim(TRIM);
    play.fail(TRIM, first).unwrap();
    let second = play.claim(TRIM);
    assert_eq!(play.run.attempts().count(), 1);

    play.fail(TRIM, second).unwrap();

    assert_eq!((play.status(), play.task(TRIM).fusion), (Status::Running, Fusion::Alone));
    assert_eq!(play.phase(TRIM), Phase::Queued { due: play.now }, "at once");
}

#[test]
fn a_crash_counts_as_an_attempt_of_the_pass() {
    let mut play = grouped();
    for _ in 0..3 {
        let attempt = play.claim(TRIM);
        assert_eq!(play.run.members(TRIM).count(), 3);
        play.expire(TRIM, attempt).unwrap();
    }

    assert_eq!(play.task(TRIM).fusion, Fusion::Alone);
}

#[test]
fn a_pass_that_failed_for_good_is_tried_step_by_step() {
    let mut play = grouped();
    let attempt = play.claim(TRIM);
    fail_for_good(&mut play, TRIM, attempt);
    assert_eq!(play.effects, [Effect::Dispatch { task: TRIM, due: play.now }]);

    play.complete(TRIM);
    assert_eq!(play.claimable(), [EDIT]);
    let attempt = play.claim(EDIT);
    fail_for_good(&mut play, EDIT, attempt);

    assert_eq!((play.status(), play.phase(EDIT)), (Status::Failed, Phase::Dead), "the step at fault");
    assert_eq!((attempt, play.phase(JOIN)), (2, Phase::Dropped));
}

#[test]
fn the_attempts_of_a_step_alone_are_counted_apart_from_those_of_the_pass() {
    let mut play = grouped();
    for _ in 0..3 {
        let attempt = play.claim(TRIM);
        play.fail(TRIM, attempt).unwrap();
    }
    for _ in 0..3 {
        assert_eq!(play.status(), Status::Running);
        let attempt = play.claim(TRIM);
        play.fail(TRIM, attempt).unwrap();
    }

    assert_eq!((play.status(), play.task(TRIM).attempt), (Status::Failed, 6));
}

#[test]
fn a_pass_that_is_handed_back_counts_for_no_attempt() {
    let mut play = grouped();
    for _ in 0..9 {
        let attempt = play.claim(TRIM);
        play.release(TRIM, attempt).unwrap();
        assert_eq!(play.phase(TRIM), Phase::Queued { due: play.now });
    }

    play.claim(TRIM);

    assert_eq!((play.run.members(TRIM).count(), attempts(&play)), (3, [10; 3]));
    assert!([TRIM, EDIT, JOIN].iter().all(|task| play.task(*task).released == 9));
}

#[test]
fn cancellation_drops_all_of_a_pass() {
    let mut play = grouped();
    play.claim(TRIM);

    play.decide(Event::Cancelled).unwrap();

    let stopped = [TRIM, EDIT, JOIN].map(|task| Effect::Stop { task, attempt: 1 });
    assert_eq!(play.effects[..3], stopped);
    assert!([TRIM, EDIT, JOIN].iter().all(|task| play.phase(*task) == Phase::Dropped));
}

#[test]
fn a_host_that_fuses_nothing_goes_on_step_by_step() {
    let mut play = grouped();
    let attempt = play.claim(TRIM);
    play.expire(TRIM, attempt).unwrap();

    play.shape = chain(["trim", "edit", "join", "publish"], THRICE);
    let alone = play.claim(TRIM);
    assert_eq!((alone, play.run.members(TRIM).count()), (2, 1));
    play.succeed(TRIM, alone).unwrap();

    assert_eq!(play.claimable(), [EDIT]);
    assert_eq!(play.task(TRIM).fusion, Fusion::Free);
    play.complete(EDIT);
    play.complete(JOIN);
    play.complete(TaskId::of(4));
    assert_eq!(play.status(), Status::Ready);
}

#[test]
fn a_host_that_fuses_takes_what_is_left_of_a_group() {
    let mut play = Play::of(chain(["trim", "edit", "join", "publish"], THRICE));
    play.complete(TRIM);

    play.shape = shape(THRICE);
    play.claim(EDIT);

    assert_eq!(play.run.members(EDIT).collect::<Vec<_>>(), [EDIT, JOIN]);
    assert_eq!(play.task(JOIN).fusion, Fusion::Pass(2));
}

#[test]
fn what_is_left_alone_of_a_group_is_no_pass() {
    let mut play = Play::of(chain(["trim", "edit", "join", "publish"], THRICE));
    play.complete(TRIM);
    play.complete(EDIT);

    play.shape = shape(THRICE);
    play.claim(JOIN);

    assert_eq!(play.task(JOIN).fusion, Fusion::Free);
}

#[test]
fn the_first_pass_of_a_holder_needs_no_row() {
    let mut play = grouped();
    play.claim(TRIM);

    let restored = restore(&play.shape, play.run.status, None, vec![], Some(ADA));

    assert_eq!(restored, play.run);
}

#[test]
fn a_host_that_knows_of_no_group_sees_the_first_step_of_a_pass() {
    let mut play = grouped();
    play.claim(TRIM);

    let unfused = chain(["trim", "edit", "join", "publish"], THRICE);
    let run = restore(&unfused, play.run.status, None, vec![], Some(BOB));

    assert_eq!(run.attempts().collect::<Vec<_>>(), [(TRIM, BOB, 1)]);
    assert_eq!(run.task(EDIT), None);
}

#[test]
fn what_two_take_is_in_no_group() {
    let mut shape = Shape::new();
    let trim = shape.step("trim", 0, THRICE);
    let edit = shape.step("edit", trim, THRICE);
    let frames = shape.each("frame", edit, THRICE);
    shape.step("poster", trim, THRICE);

    assert!(!shape.fuse(trim, edit));
    assert!(!shape.fuse(edit, frames), "nor are the items of an each");
    assert!(!shape.fuse(9, 10), "nor is what is no node");
}
