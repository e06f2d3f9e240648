//! A run in a world where anything may happen.

use std::collections::{BTreeMap, BTreeSet};

use stagemark_rules::{
    Decision, Event, Fusion, Phase, Rejected, Run, Shape, TaskId, Timestamp, WorkerId, advance, begin, claimable,
    decide,
};

use crate::{
    invariants,
    moves::{How, Move},
    shapes::Plan,
};

/// More moves than any run here can need to its end.
const MOVES_MAX: usize = 10_000;

/// The run, and what an onlooker has noted of it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) shape: Shape,
    pub(crate) unfused: Shape,
    pub(crate) run: Run,
    pub(crate) now: Timestamp,
    /// Every lease that was ever given.
    leases: Vec<(TaskId, u32)>,
    /// How many leases of each task ended in another way than by being handed back, or still hold, since a pass that it
    /// was part of was given up.
    pub(crate) tried: BTreeMap<TaskId, u32>,
    /// How many successes of each task were accepted.
    pub(crate) successes: BTreeMap<TaskId, u32>,
    /// Tasks that failed for good by their own word.
    pub(crate) given_up: BTreeSet<TaskId>,
}

impl World {
    pub(crate) fn begin(plan: &Plan, now: Timestamp) -> Self {
        let first = begin(&plan.shape, plan.input, now);
        let (shape, unfused) = (plan.shape.clone(), plan.unfused.clone());
        let (leases, tried, successes, given_up) = Default::default();
        let world = Self { shape, unfused, run: first.run, now, leases, tried, successes, given_up };
        invariants::of_the_beginning(&world, &first.effects);
        invariants::of_the_state(&world);
        world
    }

    pub(crate) fn play(&mut self, one: Move) {
        match one {
            Move::Claim { nth, worker, fuses } => self.claim(nth, WorkerId(worker), fuses),
            Move::End { nth, how } => {
                let leased: Vec<_> = self.run.leased().map(|(task, _, attempt)| (task, attempt)).collect();
                if let Some((task, attempt)) = pick(&leased, nth) {
                    self.hear(ended(task, attempt, how));
                }
            }
            Move::Late { nth, how } => {
                if let Some((task, attempt)) = pick(&self.leases, nth) {
                    self.hear(ended(task, attempt, how));
                }
            }
            Move::Wild { node, item, attempt, how } => {
                let task = TaskId { node, item };
                let claimed = Event::Claimed { task, worker: WorkerId(9) };
                let begun = if attempt % 2 == 0 { claimed } else { Event::Elapsed { task } };
                self.hear(how.map_or(begun, |how| ended(task, attempt, how)));
            }
            Move::Cancel => self.hear(Event::Cancelled),
            Move::Wait { ms } => self.now.0 = self.now.0.saturating_add(ms),
            Move::Wake => self.wake(),
        }
    }

    /// Claims and completes what there is until the run ends.
    pub(crate) fn finish(&mut self) {
        for _ in 0..MOVES_MAX {
            if self.run.status.has_ended() {
                return;
            }
            self.wake();
            self.claim(0, WorkerId(1), true);
            self.play(Move::End { nth: 0, how: How::Succeeded { width: Some(2) } });
        }
        panic!("the run does not end: {:?}", self.run);
    }

    fn claim(&mut self, nth: usize, worker: WorkerId, fuses: bool) {
        let offered: Vec<_> = claimable(&self.shape, &self.run).collect();
        let Some((task, due)) = pick(&offered, nth) else { return };
        let shape = if fuses { self.shape.clone() } else { self.unfused.clone() };
        let is_timer = shape.is_timer(task.node);
        let event = if is_timer { Event::Elapsed { task } } else { Event::Claimed { task, worker } };
        let answer = self.hear_out(&shape, event);
        // What is offered can be had, if not at once.
        let expected = if due <= self.now { Ok(()) } else { Err(Rejected::NotDue { due }) };
        assert_eq!(answer, expected, "an offered task is claimed");
    }

    fn wake(&mut self) {
        let due = self.run.tasks.iter().filter_map(|(_, task)| match task.phase {
            Phase::Queued { due } => Some(due),
            _ => None,
        });
        self.now = due.fold(self.now, Timestamp::max);
    }

    fn hear(&mut self, event: Event) {
        // What is rejected is no news.
        let _answer = self.hear_out(&self.shape.clone(), event);
    }

    fn hear_out(&mut self, shape: &Shape, event: Event) -> Result<(), Rejected> {
        let decided = decide(shape, &self.run, event, self.now);
        self.advance_as_decided(shape, event, &decided);
        let Decision { run, effects } = decided?;
        let before = std::mem::replace(&mut self.run, run);
        self.note(&before, event);
        invariants::of_the_step(&before, self, event, &effects);
        invariants::of_the_state(self);
        Ok(())
    }

    /// In place it comes to the same, and what is rejected changes nothing.
    fn advance_as_decided(&self, shape: &Shape, event: Event, decided: &Result<Decision, Rejected>) {
        let mut run = self.run.clone();
        let answer = advance(shape, &mut run, event, self.now);

        let next = decided.as_ref().map_or(&self.run, |decision| &decision.run);
        assert_eq!((&run, answer.as_ref()), (next, decided.as_ref().map(|decision| &decision.effects)));
    }

    /// Notes an accepted event, which in a pass is one of all its tasks.
    fn note(&mut self, before: &Run, event: Event) {
        match event {
            Event::Claimed { task, .. } => {
                for id in self.run.members(task).collect::<Vec<_>>() {
                    let attempt = self.run.task(id).expect("a claimed task is open").attempt;
                    self.leases.push((id, attempt));
                    *self.tried.entry(id).or_default() += 1;
                }
            }
            Event::Succeeded { task, .. } => {
                before.members(task).for_each(|id| *self.successes.entry(id).or_default() += 1);
            }
            Event::Failed { task, .. } | Event::LeaseExpired { task, .. } => {
                let members: Vec<_> = before.members(task).collect();
                let is_permanent = matches!(event, Event::Failed { permanent: true, .. });
                match members[..] {
                    [_] if is_permanent => drop(self.given_up.insert(task)),
                    [_] => {}
                    _ if self.run.task(task).is_some_and(|task| task.fusion == Fusion::Alone) => {
                        self.tried.extend(members.iter().map(|id| (*id, 0)));
                    }
                    _ => assert!(!is_permanent, "the pass at {task:?} was not given up"),
                }
            }
            Event::Released { task, .. } => {
                before.members(task).for_each(|id| *self.tried.entry(id).or_default() -= 1);
            }
            Event::Elapsed { task } => *self.successes.entry(task).or_default() += 1,
            Event::Cancelled => {}
        }
    }
}

fn ended(task: TaskId, attempt: u32, how: How) -> Event {
    match how {
        How::Succeeded { width } => Event::Succeeded { task, attempt, width },
        How::Failed { permanent, jitter } => Event::Failed { task, attempt, permanent, jitter },
        How::Expired { jitter } => Event::LeaseExpired { task, attempt, jitter },
        How::Released => Event::Released { task, attempt },
    }
}

fn pick<One: Copy>(all: &[One], nth: usize) -> Option<One> {
    (!all.is_empty()).then(|| all[nth % all.len()])
}
