//! The graph: what opens when, and what makes a run ready.

use stagemark_rules::{Event, Input, Phase, Policy, Rejected, Shape, Status, TaskId};

use crate::fixture::{FIRST, Play, THRICE, chain, item, mapped};

#[test]
fn steps_in_a_row_open_one_after_the_other() {
    let mut play = Play::of(chain(["trim", "edit", "finish"], THRICE));
    let mut opened = Vec::new();
    for node in 1..=3 {
        opened.push(play.claimable());
        play.complete(TaskId::of(node));
    }

    assert_eq!(opened, [[TaskId::of(1)], [TaskId::of(2)], [TaskId::of(3)]]);
    assert_eq!(play.status(), Status::Ready);
}

#[test]
fn a_workflow_without_steps_is_ready_at_once() {
    assert_eq!(Play::of(Shape::new()).status(), Status::Ready);
}

#[test]
fn steps_on_the_same_value_are_open_side_by_side() {
    let mut shape = chain(["trim"], THRICE);
    shape.step("poster", 1, THRICE);
    shape.step("sprites", 1, THRICE);
    let mut play = Play::of(shape);

    play.complete(FIRST);

    assert_eq!(play.claimable(), [TaskId::of(2), TaskId::of(3)]);
}

#[test]
fn a_join_waits_for_both_of_its_inputs() {
    let mut shape = Shape::new();
    let (video, sound) = (shape.step("video", 0, THRICE), shape.step("sound", 0, THRICE));
    let both = shape.join(video, sound);
    let mix = TaskId::of(shape.step("mix", both, THRICE));
    let mut play = Play::of(shape);

    play.complete(TaskId::of(sound));
    let after_one = play.run.task(mix).copied();
    play.complete(TaskId::of(video));

    assert_eq!((after_one, play.claimable()), (None, vec![mix]));
}

#[test]
fn a_join_at_the_end_makes_no_task() {
    let mut shape = Shape::new();
    let (video, sound) = (shape.step("video", 0, THRICE), shape.step("sound", 0, THRICE));
    shape.join(video, sound);
    let mut play = Play::of(shape);

    play.complete(TaskId::of(video));
    assert_eq!(play.status(), Status::Running);
    play.complete(TaskId::of(sound));

    assert_eq!((play.status(), play.run.tasks.len()), (Status::Ready, 2));
}

#[test]
fn an_each_opens_a_task_for_each_item_of_the_input() {
    let play = Play::with(mapped(THRICE), Input::List(3));

    assert_eq!(play.claimable(), [item(1, 0), item(1, 1), item(1, 2)]);
}

#[test]
fn an_each_opens_a_task_for_each_item_that_a_step_made() {
    let mut shape = chain(["split"], THRICE);
    shape.each("encode", 1, THRICE);
    let mut play = Play::of(shape);
    let attempt = play.claim(FIRST);

    play.decide(Event::Succeeded { task: FIRST, attempt, width: Some(2) }).unwrap();

    assert_eq!(play.phase(FIRST), Phase::Done { width: Some(2) });
    assert_eq!(play.claimable(), [item(2, 0), item(2, 1)]);
}

#[test]
fn what_follows_an_each_waits_for_every_item() {
    let mut shape = mapped(THRICE);
    let concat = TaskId::of(shape.step("concat", 1, THRICE));
    let mut play = Play::with(shape, Input::List(2));

    play.complete(item(1, 1));
    let after_one = play.run.task(concat).copied();
    play.complete(item(1, 0));

    assert_eq!((after_one, play.claimable()), (None, vec![concat]));
}

#[test]
fn an_each_over_an_each_has_as_many_items() {
    let mut shape = mapped(THRICE);
    shape.each("check", 1, THRICE);
    let mut play = Play::with(shape, Input::List(2));

    play.complete(item(1, 0));
    play.complete(item(1, 1));

    assert_eq!(play.claimable(), [item(2, 0), item(2, 1)]);
}

#[test]
fn an_empty_list_has_nothing_to_wait_for() {
    let mut shape = mapped(THRICE);
    shape.each("check", 1, THRICE);
    let concat = TaskId::of(shape.step("concat", 2, THRICE));

    let play = Play::with(shape, Input::List(0));

    assert_eq!((play.status(), play.claimable()), (Status::Queued, vec![concat]));
}

#[test]
fn a_run_of_nothing_but_an_empty_list_is_ready_at_once() {
    assert_eq!(Play::with(mapped(THRICE), Input::List(0)).status(), Status::Ready);
}

#[test]
fn an_empty_list_that_a_step_made_ends_the_run() {
    let mut shape = chain(["split"], Policy::default());
    shape.each("encode", 1, THRICE);
    let mut play = Play::of(shape);
    let attempt = play.claim(FIRST);

    play.decide(Event::Succeeded { task: FIRST, attempt, width: Some(0) }).unwrap();

    assert_eq!(play.status(), Status::Ready);
}

#[test]
fn a_mapped_output_must_tell_its_width() {
    let mut shape = chain(["split"], THRICE);
    shape.each("encode", 1, THRICE);
    let mut play = Play::of(shape);
    let attempt = play.claim(FIRST);

    let answer = play.succeed(FIRST, attempt);

    assert_eq!(answer, Err(Rejected::WidthMissing(FIRST)));
    assert_eq!(play.run.leased().count(), 1, "the attempt still has its lease");
}

#[test]
fn an_item_has_no_width_of_its_own() {
    let mut shape = mapped(THRICE);
    shape.each("check", 1, THRICE);
    let mut play = Play::with(shape, Input::List(1));
    let attempt = play.claim(FIRST);

    play.decide(Event::Succeeded { task: FIRST, attempt, width: Some(9) }).unwrap();

    assert_eq!(play.phase(FIRST), Phase::Done { width: None });
}

#[test]
fn graphs_that_differ_say_where() {
    let (old, new) = (chain(["trim", "edit"], THRICE), chain(["trim", "mute"], THRICE));

    assert_eq!(old.difference(&new).unwrap(), "node 2 was step edit after node 1 and is now step mute after node 1");
    assert_eq!(old.difference(&chain(["trim"], THRICE)).unwrap(), "node 2, step edit after node 1, is gone");
    assert_eq!(chain(["trim"], THRICE).difference(&old).unwrap(), "node 2, step edit after node 1, is new");
}

#[test]
fn a_policy_is_no_part_of_the_graph() {
    assert_eq!(chain(["trim"], THRICE).difference(&chain(["trim"], Policy::default())), None);
}
