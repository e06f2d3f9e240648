//! What need not be stored, and what is made of what was.

use stagemark_rules::{Input, Phase, Run, Status, Task, TaskId, WorkerId, implied, restore};

use crate::fixture::{ADA, FIRST, Play, THRICE, chain, item, mapped};

/// The rows of a run: its tasks but for those whose state is implied.
fn rows(play: &Play, holder: Option<WorkerId>) -> Vec<(TaskId, Task)> {
    let is_stored = |(id, task): &&(TaskId, Task)| *task != implied(&play.shape, &play.run, *id, holder);
    play.run.tasks.iter().filter(is_stored).copied().collect()
}

fn restored(play: &Play, holder: Option<WorkerId>) -> Run {
    restore(&play.shape, play.run.status, play.run.width, rows(play, holder), holder)
}

#[test]
fn the_first_attempt_of_the_holder_needs_no_row() {
    let mut play = Play::of(chain(["trim", "edit"], THRICE));
    play.complete(FIRST);
    play.claim(TaskId::of(2));

    assert_eq!(rows(&play, Some(ADA)).len(), 1, "the row of the step that is done");
    assert_eq!(restored(&play, Some(ADA)), play.run);
}

#[test]
fn a_second_attempt_of_the_holder_has_a_row() {
    let mut play = Play::of(chain(["trim"], THRICE));
    let attempt = play.claim(FIRST);
    play.fail(FIRST, attempt).unwrap();
    play.claim(FIRST);

    assert_eq!(rows(&play, Some(ADA)).len(), 1);
    assert_eq!(restored(&play, Some(ADA)), play.run);
}

#[test]
fn a_task_that_nobody_has_tried_needs_no_row_where_nobody_holds_the_run() {
    let play = Play::with(mapped(THRICE), Input::List(3));

    assert_eq!((rows(&play, None), restored(&play, None)), (vec![], play.run));
}

#[test]
fn a_lease_has_a_row_where_nobody_holds_the_run() {
    let mut play = Play::of(chain(["trim"], THRICE));
    play.claim(FIRST);

    assert_eq!(rows(&play, None).len(), 1);
    assert_eq!(restored(&play, None), play.run);
}

#[test]
fn the_items_of_an_each_are_queued_also_where_the_run_is_held() {
    let play = Play::with(mapped(THRICE), Input::List(2));

    let implied = implied(&play.shape, &play.run, item(1, 1), Some(ADA));
    assert_eq!(implied, Task::NEW);
    assert_eq!(implied.phase, Phase::Queued { due: stagemark_rules::Timestamp(0) });
}

#[test]
fn nothing_is_opened_in_a_run_that_has_ended() {
    let shape = chain(["trim", "edit"], THRICE);

    let run = restore(&shape, Status::Cancelled, None, vec![], None);

    assert_eq!(run, Run { status: Status::Cancelled, width: None, tasks: vec![] });
}
