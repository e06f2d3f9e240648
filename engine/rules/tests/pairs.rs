//! Every state and every event, in pairs, with the answer to each.
//!
//! The matches have no wildcards: a phase, event or rejection that is added does not compile here until it has its place.

use std::time::Duration;

use stagemark_rules::{
    Backoff, Event, Fusion, Jitter, Phase, Policy, Rejected, Run, Shape, Status, Task, TaskId, Timestamp, WorkerId,
    decide,
};

/// What becomes of a task by each event in a live run: the phase that it is in afterwards, or why nothing changed.
///
/// The events name the attempt that is told beside the state of the task. There may be three.
const ANSWERS: &str = "
    task            claimed     succeeded   failed      permanent   expired     released    elapsed     cancelled
    unopened   (1)  unknown     unknown     unknown     unknown     unknown     unknown     unknown     unopened
    due        (1)  leased      stale       stale       stale       stale       stale       wrong-kind  dropped
    waiting    (1)  not-due     stale       stale       stale       stale       stale       not-due     dropped
    leased     (1)  not-queued  done        queued      dead        queued      queued      not-queued  dropped
    last       (3)  not-queued  done        dead        dead        dead        queued      not-queued  dropped
    superseded (1)  not-queued  stale       stale       stale       stale       stale       not-queued  dropped
    unheard-of (4)  not-queued  stale       stale       stale       stale       stale       not-queued  dropped
    done       (1)  not-queued  stale       stale       stale       stale       stale       not-queued  done
    dead       (1)  not-queued  stale       stale       stale       stale       stale       not-queued  dead
    dropped    (1)  not-queued  stale       stale       stale       stale       stale       not-queued  dropped
    behind     (1)  not-queued  stale       stale       stale       stale       stale       not-queued  dropped
    in-a-pass  (1)  not-queued  in-a-pass   in-a-pass   in-a-pass   in-a-pass   in-a-pass   not-queued  dropped
";

const TASK: TaskId = TaskId::of(1);
const ADA: WorkerId = WorkerId(0xADA);
const NOW: Timestamp = Timestamp(1_000);
const LATER: Timestamp = Timestamp(2_000);

/// One place of the table.
struct Pair {
    task: Option<Task>,
    event: Event,
    answer: &'static str,
}

fn pairs() -> Vec<Pair> {
    let mut lines = ANSWERS.lines().filter(|line| !line.trim().is_empty()).map(str::split_whitespace);
    let columns: Vec<_> = lines.next().expect("the table has a head").skip(1).collect();
    let mut pairs = Vec::new();
    for mut line in lines {
        let task = task(line.next().expect("a line begins with its task"));
        let attempt = line.next().and_then(|text| text.trim_matches(['(', ')']).parse().ok()).expect("an attempt");
        let answers: Vec<_> = line.collect();
        assert_eq!(answers.len(), columns.len(), "every place of a line is filled");
        pairs.extend(columns.iter().zip(answers).map(|(column, answer)| Pair {
            task,
            event: event(column, attempt),
            answer,
        }));
    }
    pairs
}

fn task(name: &str) -> Option<Task> {
    let of = |attempt, phase| Some(Task { phase, attempt, ..Task::NEW });
    match name {
        "unopened" => None,
        "due" => of(1, Phase::Queued { due: NOW }),
        "waiting" => of(1, Phase::Queued { due: LATER }),
        "leased" => of(1, Phase::Leased { worker: ADA }),
        "last" | "superseded" | "unheard-of" => of(3, Phase::Leased { worker: ADA }),
        "done" => of(1, Phase::Done { width: None }),
        "dead" => of(1, Phase::Dead),
        "dropped" => of(1, Phase::Dropped),
        "behind" => of(1, Phase::Waiting),
        "in-a-pass" => of(1, Phase::Leased { worker: ADA }).map(|task| Task { fusion: Fusion::Pass(9), ..task }),
        other => panic!("no task is {other}"),
    }
}

fn event(column: &str, attempt: u32) -> Event {
    let (task, worker, width, jitter) = (TASK, ADA, None, Jitter::MOST);
    let all = [
        Event::Claimed { task, worker },
        Event::Succeeded { task, attempt, width },
        Event::Failed { task, attempt, permanent: false, jitter },
        Event::Failed { task, attempt, permanent: true, jitter },
        Event::LeaseExpired { task, attempt, jitter },
        Event::Released { task, attempt },
        Event::Elapsed { task },
        Event::Cancelled,
    ];
    all.into_iter().find(|event| column_of(*event) == column).unwrap_or_else(|| panic!("no event is {column}"))
}

fn column_of(event: Event) -> &'static str {
    match event {
        Event::Claimed { .. } => "claimed",
        Event::Succeeded { .. } => "succeeded",
        Event::Failed { permanent: false, .. } => "failed",
        Event::Failed { permanent: true, .. } => "permanent",
        Event::LeaseExpired { .. } => "expired",
        Event::Released { .. } => "released",
        Event::Elapsed { .. } => "elapsed",
        Event::Cancelled => "cancelled",
    }
}

fn word_of(task: Option<&Task>) -> &'static str {
    let Some(task) = task else { return "unopened" };
    match task.phase {
        Phase::Queued { .. } => "queued",
        Phase::Leased { .. } => "leased",
        Phase::Done { .. } => "done",
        Phase::Dead => "dead",
        Phase::Dropped => "dropped",
        Phase::Waiting => "behind",
    }
}

fn reason_of(rejected: Rejected) -> &'static str {
    match rejected {
        Rejected::RunIsOver(_) => "over",
        Rejected::UnknownTask(_) => "unknown",
        Rejected::StaleAttempt { .. } => "stale",
        Rejected::NotQueued(_) => "not-queued",
        Rejected::PartOfPass { .. } => "in-a-pass",
        Rejected::NotDue { .. } => "not-due",
        Rejected::WrongKind(_) => "wrong-kind",
        Rejected::AtLimit { .. } => "at-limit",
        Rejected::WidthMissing(_) => "width-missing",
    }
}

fn shape() -> Shape {
    let mut shape = Shape::new();
    shape.step("trim", 0, Policy { attempts: 3, backoff: Backoff::Fixed(Duration::from_secs(1)), concurrency: None });
    shape
}

fn run_of(status: Status, task: Option<Task>) -> Run {
    Run { status, width: None, tasks: task.into_iter().map(|task| (TASK, task)).collect() }
}

#[test]
fn every_event_has_its_answer_in_every_phase() {
    for status in [Status::Queued, Status::Running] {
        for Pair { task, event, answer } in pairs() {
            let found = match decide(&shape(), &run_of(status, task), event, NOW) {
                Ok(decision) => word_of(decision.run.task(TASK)),
                Err(rejected) => reason_of(rejected),
            };

            assert_eq!(found, answer, "{event:?} in a {status} run with {task:?}");
        }
    }
}

#[test]
fn the_status_follows_from_the_task_and_from_nothing_else() {
    for status in [Status::Queued, Status::Running] {
        for Pair { task, event, answer } in pairs() {
            let Ok(decision) = decide(&shape(), &run_of(status, task), event, NOW) else { continue };

            let expected = match (event, answer) {
                (Event::Cancelled, _) => Status::Cancelled,
                (_, "leased") => Status::Running,
                (_, "done") => Status::Ready,
                (_, "dead") => Status::Failed,
                _ => status,
            };
            assert_eq!(decision.run.status, expected, "{event:?} in a {status} run with {task:?}");
        }
    }
}

#[test]
fn every_event_is_rejected_once_the_run_has_ended() {
    for status in [Status::Ready, Status::Failed, Status::Cancelled] {
        for Pair { task, event, .. } in pairs() {
            let answer = decide(&shape(), &run_of(status, task), event, NOW);

            assert_eq!(answer, Err(Rejected::RunIsOver(status)), "{event:?} with {task:?}");
        }
    }
}
