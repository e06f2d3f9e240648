//! What must be true of every state and of every step from one to the next.

use stagemark_rules::{
    Effect, Event, Fusion, Phase, Run, Shape, Status, Task, TaskId, Timestamp, WorkerId, claimable, implied, restore,
};

use crate::world::World;

pub(crate) fn of_the_beginning(world: &World, effects: &[Effect]) {
    assert!(matches!(world.run.status, Status::Queued | Status::Ready), "a run begins as {}", world.run.status);
    let announced = effects.contains(&Effect::Announce(Status::Ready));
    assert_eq!(announced, world.run.status == Status::Ready);
}

pub(crate) fn of_the_state(world: &World) {
    one_winner(world);
    honest_retries(world);
    ends_are_whole(world);
    never_stuck(world);
    limits(world);
    passes(world);
    for holder in [None, Some(WorkerId(1))] {
        restored(&world.shape, &world.run, holder);
        restored(&world.unfused, &world.run, holder);
    }
}

pub(crate) fn of_the_step(before: &Run, world: &World, event: Event, effects: &[Effect]) {
    legal_transition(before.status, world.run.status, event);
    nothing_is_undone(before, &world.run);
    timers_keep_their_moment(before, world);
    effects_tell(before, &world.run, effects, world.now);
}

/// G2: a task that is done had one success, and no other had any.
fn one_winner(world: &World) {
    for (id, task) in &world.run.tasks {
        let successes = world.successes.get(id).copied().unwrap_or(0);
        assert_eq!(successes, u32::from(is_done(task)), "{id:?} has had so many successes");
    }
}

/// G5: of all leases those that were not handed back are within the policy, and what was given up is dead.
fn honest_retries(world: &World) {
    for (id, task) in &world.run.tasks {
        let policy = world.shape.node(id.node).expect("a task has a node").policy;
        let tried = task.attempt - task.released;
        assert_eq!(tried, world.tried.get(id).copied().unwrap_or(0), "{id:?} counts its attempts");
        assert!(tried <= policy.attempts, "{id:?} was tried {tried} times of {}", policy.attempts);
        let given_up = world.given_up.contains(id);
        assert!(task.phase != Phase::Dead || given_up || tried == policy.attempts, "{id:?} had attempts left");
        assert!(!given_up || task.phase == Phase::Dead, "{id:?} was given up and is {task:?}");
    }
}

/// G5, G6, G7: which phases there are in a run that has ended.
fn ends_are_whole(world: &World) {
    let count = |is: fn(&Task) -> bool| world.run.tasks.iter().filter(|(_, task)| is(task)).count();
    let (open, dead) = (count(is_open), count(|task| task.phase == Phase::Dead));
    let dropped = count(|task| task.phase == Phase::Dropped);
    match world.run.status {
        Status::Queued => assert_eq!((dead, dropped, world.run.leased().count()), (0, 0, 0)),
        Status::Running => assert_eq!((dead, dropped), (0, 0)),
        Status::Ready => assert_eq!((open, dead, dropped), (0, 0, 0)),
        Status::Failed => assert_eq!((open, dead), (0, 1), "one task is why"),
        Status::Cancelled => assert_eq!((open, dead), (0, 0)),
    }
}

/// G9: something is leased, or may be claimed now or later.
fn never_stuck(world: &World) {
    let explained = world.run.leased().next().is_some() || claimable(&world.shape, &world.run).next().is_some();
    assert_eq!(explained, !world.run.status.has_ended(), "{:?}", world.run);
}

fn limits(world: &World) {
    for (number, node) in (0_u16..).zip(world.shape.nodes()) {
        let Some(limit) = node.policy.concurrency else { continue };
        let leased = world.run.leased().filter(|(task, _, _)| task.node == number).count();
        let offered = claimable(&world.shape, &world.run).filter(|(task, _)| task.node == number).count();
        assert!(leased + offered <= limit as usize, "node {number} has a limit of {limit}");
    }
}

/// The tasks of a pass follow each other and are leased by one worker; who waits behind one has no input.
fn passes(world: &World) {
    let World { shape, run, .. } = world;
    let mut leased = 0;
    for (first, worker, attempt) in run.attempts() {
        let members: Vec<_> = run.members(first).collect();
        leased += members.len();
        assert_eq!((members[0], run.task(first).map(|task| task.attempt)), (first, Some(attempt)));
        for pair in members.windows(2) {
            assert_eq!(shape.node(pair[1].node).map(|node| node.inputs.clone()), Some(vec![pair[0].node]));
        }
        let lease = Phase::Leased { worker };
        assert!(members.iter().all(|id| run.task(*id).is_some_and(|task| task.phase == lease)), "{run:?}");
        assert!(members.len() == 1 || run.task(first).is_some_and(|task| task.fusion == Fusion::Pass(first.node)));
    }
    assert_eq!(leased, run.leased().count(), "each leased task is of one attempt: {run:?}");
    for (id, _) in run.tasks.iter().filter(|(_, task)| task.phase == Phase::Waiting) {
        let input = TaskId::of(shape.node(id.node).expect("a task has a node").inputs[0]);
        assert!(run.task(input).is_some_and(|input| !is_done(input)), "{id:?} waits for what is there: {run:?}");
    }
}

/// What is stored without what is implied makes the same run again.
fn restored(shape: &Shape, run: &Run, holder: Option<WorkerId>) {
    let is_stored = |(id, task): &&(TaskId, Task)| run.status.has_ended() || *task != implied(shape, run, *id, holder);
    let rows = run.tasks.iter().filter(is_stored).copied().collect();
    assert_eq!(restore(shape, run.status, run.width, rows, holder), *run);
}

/// G7: to the right, and to an end by what makes it.
fn legal_transition(before: Status, after: Status, event: Event) {
    let legal = match (before, after) {
        (Status::Queued, Status::Running) => matches!(event, Event::Claimed { .. }),
        (Status::Queued | Status::Running, Status::Cancelled) => event == Event::Cancelled,
        // A run of timers alone: no worker has tried anything of it.
        (Status::Queued, Status::Queued | Status::Ready) => matches!(event, Event::Elapsed { .. }),
        (Status::Running, Status::Ready) => matches!(event, Event::Succeeded { .. } | Event::Elapsed { .. }),
        (Status::Running, Status::Failed) => matches!(event, Event::Failed { .. } | Event::LeaseExpired { .. }),
        (Status::Running, Status::Running) => !matches!(event, Event::Cancelled),
        _ => false,
    };
    assert!(legal, "{before} became {after} by {event:?}");
}

/// G2, and the fencing token: what is done stays as it is, tasks stay open, and attempts only grow.
fn nothing_is_undone(before: &Run, after: &Run) {
    for (id, old) in &before.tasks {
        let new = after.task(*id).expect("a task that was opened stays");
        assert!(!is_done(old) || old == new, "{id:?} was done as {old:?} and is {new:?}");
        assert!(old.attempt <= new.attempt && old.released <= new.released, "{id:?} went back");
        assert!(old.fusion != Fusion::Alone || new.fusion == Fusion::Alone, "{id:?} is in a pass again");
    }
}

/// A timer runs from when its input was done, is never leased, and elapses at its moment and not before.
fn timers_keep_their_moment(before: &Run, world: &World) {
    for (id, new) in world.run.tasks.iter().filter(|(id, _)| world.shape.is_timer(id.node)) {
        let delay = world.shape.node(id.node).expect("a task has a node").delay;
        match (before.task(*id).map(|old| old.phase), new.phase) {
            (None, Phase::Queued { due }) => assert_eq!(due, world.now.after(delay), "{id:?} begins to run"),
            (Some(Phase::Queued { due }), Phase::Done { .. }) => assert!(due <= world.now, "{id:?} was early"),
            (Some(old), new) => assert!(old == new || new == Phase::Dropped, "{id:?} was {old:?} and is {new:?}"),
            (None, phase) => panic!("{id:?} begins as {phase:?}"),
        }
        assert_eq!(new.attempt, 0, "{id:?} was leased");
    }
}

/// Each change that others act on is told once, and nothing else is.
fn effects_tell(before: &Run, after: &Run, effects: &[Effect], now: Timestamp) {
    let mut expected = Vec::new();
    for (id, new) in &after.tasks {
        let old = before.task(*id);
        match new.phase {
            // A task that was just opened is due at once.
            Phase::Queued { due } if !old.is_some_and(is_queued) => {
                expected.push(Effect::Dispatch { task: *id, due: due.max(now) });
            }
            Phase::Dead => expected.push(Effect::DeadLetter(*id)),
            Phase::Dropped if old.is_some_and(is_leased) => {
                expected.push(Effect::Stop { task: *id, attempt: new.attempt });
            }
            _ => {}
        }
    }
    expected.extend((before.status != after.status).then_some(Effect::Announce(after.status)));
    let told = |effect: &Effect| effects.iter().filter(|other| *other == effect).count();
    assert_eq!(effects.len(), expected.len(), "{effects:?}");
    assert!(expected.iter().all(|effect| told(effect) == 1), "{effects:?} and not {expected:?}");
}

fn is_done(task: &Task) -> bool {
    matches!(task.phase, Phase::Done { .. })
}

fn is_queued(task: &Task) -> bool {
    matches!(task.phase, Phase::Queued { .. })
}

fn is_leased(task: &Task) -> bool {
    matches!(task.phase, Phase::Leased { .. })
}

fn is_open(task: &Task) -> bool {
    is_queued(task) || is_leased(task) || task.phase == Phase::Waiting
}
