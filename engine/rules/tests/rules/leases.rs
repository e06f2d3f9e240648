//! Leases and their fencing token, the number of the attempt.

use stagemark_rules::{Event, Phase, Rejected, Status, TaskId};

use crate::fixture::{ADA, BOB, FIRST, NOW, Play, SECOND, THRICE, chain};

fn trim_and_edit() -> Play {
    Play::of(chain(["trim", "edit"], THRICE))
}

#[test]
fn a_run_is_queued_until_the_first_lease() {
    let mut play = trim_and_edit();
    assert_eq!(play.status(), Status::Queued);

    play.claim(FIRST);

    assert_eq!((play.status(), play.phase(FIRST)), (Status::Running, Phase::Leased { worker: ADA }));
}

#[test]
fn each_lease_has_the_next_number() {
    let mut play = trim_and_edit();

    let first = play.claim(FIRST);
    play.fail(FIRST, first).unwrap();
    let second = play.claim(FIRST);
    play.release(FIRST, second).unwrap();
    let third = play.claim(FIRST);

    assert_eq!([first, second, third], [1, 2, 3]);
}

#[test]
fn a_leased_task_is_not_leased_again() {
    let mut play = trim_and_edit();
    play.claim(FIRST);

    let second = play.decide(Event::Claimed { task: FIRST, worker: BOB });

    assert_eq!(second, Err(Rejected::NotQueued(FIRST)));
    assert_eq!(play.phase(FIRST), Phase::Leased { worker: ADA });
}

#[test]
fn a_late_attempt_cannot_write() {
    let mut play = trim_and_edit();
    let late = play.claim(FIRST);
    play.expire(FIRST, late).unwrap();
    play.claim(FIRST);

    let answers =
        [play.succeed(FIRST, late), play.fail(FIRST, late), play.expire(FIRST, late), play.release(FIRST, late)];

    assert_eq!(answers, [Err(Rejected::StaleAttempt { sent: 1, current: 2 }); 4]);
}

#[test]
fn an_attempt_that_lost_its_lease_cannot_write_while_the_task_waits() {
    let mut play = trim_and_edit();
    let late = play.claim(FIRST);
    play.expire(FIRST, late).unwrap();

    assert_eq!(play.succeed(FIRST, late), Err(Rejected::StaleAttempt { sent: 1, current: 1 }));
}

#[test]
fn an_attempt_that_has_not_begun_cannot_write() {
    let mut play = trim_and_edit();
    play.claim(FIRST);

    assert_eq!(play.succeed(FIRST, 2), Err(Rejected::StaleAttempt { sent: 2, current: 1 }));
}

#[test]
fn a_second_success_of_an_attempt_is_rejected() {
    let mut play = trim_and_edit();
    play.complete(FIRST);

    assert_eq!(play.succeed(FIRST, 1), Err(Rejected::StaleAttempt { sent: 1, current: 1 }));
}

#[test]
fn no_lease_is_given_before_the_wait_is_over() {
    let mut play = trim_and_edit();
    let attempt = play.claim(FIRST);
    play.fail(FIRST, attempt).unwrap();

    let early = play.try_claim(FIRST);
    play.now = NOW.after(SECOND);
    let due = play.try_claim(FIRST);

    assert_eq!((early, due), (Err(Rejected::NotDue { due: NOW.after(SECOND) }), Ok(())));
}

#[test]
fn a_task_whose_inputs_are_not_done_is_not_open() {
    let mut play = trim_and_edit();
    let edit = TaskId::of(2);

    assert_eq!(play.try_claim(edit), Err(Rejected::UnknownTask(edit)));
    assert_eq!(play.succeed(edit, 1), Err(Rejected::UnknownTask(edit)));
}

#[test]
fn a_task_of_no_node_is_not_open() {
    let mut play = trim_and_edit();

    for task in [TaskId::of(0), TaskId::of(3), TaskId { node: 1, item: 1 }] {
        assert_eq!(play.try_claim(task), Err(Rejected::UnknownTask(task)));
    }
}

#[test]
fn every_lease_is_told_with_its_worker_and_attempt() {
    let mut play = trim_and_edit();
    play.claim(FIRST);

    assert_eq!(play.run.leased().collect::<Vec<_>>(), [(FIRST, ADA, 1)]);
}
