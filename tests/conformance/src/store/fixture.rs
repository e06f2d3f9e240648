//! What the cases have in common: a workflow of one name, two workers and a moment.

use stagemark::{
    Priority, RunId, Status, Timestamp, WorkerId,
    ports::{
        Change, Claim, Claimed, Heartbeats, HeldBeat, Hint, Marker, NewRun, Outcome, Phase, QueueEntry, Record,
        Renewed, RunRow, Served, Task, TaskId, Write,
    },
};

use crate::store::Subject;

pub(super) const WORKFLOW: &str = "publish-video";
pub(super) const NOW: Timestamp = Timestamp(1_800_000_000_000);
/// Until when a claim of [`serving`] reserves what it is handed.
pub(super) const RESERVED: Timestamp = at(30_000);
pub(super) const ADA: WorkerId = WorkerId(0xADA);
pub(super) const BOB: WorkerId = WorkerId(0xB0B);

/// So many milliseconds after [`NOW`].
pub(super) const fn at(later_ms: u64) -> Timestamp {
    Timestamp(NOW.0 + later_ms)
}

/// A run that waits at its input.
pub(super) fn queued() -> NewRun {
    queued_at(0, NOW)
}

/// A run that waits at a node.
pub(super) fn queued_at(node: u16, due: Timestamp) -> NewRun {
    NewRun {
        id: RunId::new(),
        workflow: WORKFLOW.into(),
        version: 1,
        key: None,
        input: r#"{"video":"cat.mp4"}"#.into(),
        width: None,
        priority: Priority::Normal,
        trace: None,
        submitted: NOW,
        status: Status::Queued,
        holder: None,
        queue: vec![QueueEntry { node, due }],
        outbox: vec![],
    }
}

/// A run that a worker holds from the start.
pub(super) fn held(holder: WorkerId) -> NewRun {
    NewRun { status: Status::Running, holder: Some(holder), queue: vec![], ..queued() }
}

pub(super) fn keyed(key: &str) -> NewRun {
    NewRun { key: Some(key.to_owned()), ..queued() }
}

pub(super) fn marker(node: u16, attempt: u32, phase: Phase) -> Marker {
    let task = Task { phase, attempt, ..Task::NEW };
    Marker { id: TaskId::of(node), task, started: Some(NOW), finished: None, output: None, error: None, reused: false }
}

pub(super) fn leased(node: u16, attempt: u32, worker: WorkerId) -> Marker {
    marker(node, attempt, Phase::Leased { worker })
}

pub(super) fn done(node: u16, attempt: u32) -> Marker {
    let output = Some(format!(r#""output of attempt {attempt}""#).into());
    Marker { finished: Some(at(5)), output, ..marker(node, attempt, Phase::Done { width: None }) }
}

/// A row of a run that nobody holds and that is nowhere in the queue.
pub(super) fn row(status: Status) -> RunRow {
    let ended = status.has_ended().then_some(at(9));
    RunRow { status, holder: None, queue: vec![], outbox: vec![], error: None, ended }
}

/// A change of a run's row.
pub(super) fn to_row(run: RunId, revision: u64, row: RunRow) -> Change {
    Change { run, revision, row: Some(row), markers: vec![], companions: vec![], results: vec![] }
}

/// A change of a run's markers alone.
pub(super) fn to_markers(run: RunId, revision: u64, markers: Vec<Marker>) -> Change {
    Change { run, revision, row: None, markers, companions: vec![], results: vec![] }
}

pub(super) async fn write(store: &Subject, writes: Vec<Write>) -> Vec<Outcome> {
    store.write(&writes).await.expect("the store writes")
}

pub(super) async fn submit(store: &Subject, run: NewRun) -> RunId {
    let id = run.id;
    assert_eq!(write(store, vec![Write::Submit(run)]).await, [Outcome::Accepted]);
    id
}

pub(super) async fn change(store: &Subject, change: Change) -> Outcome {
    write(store, vec![Write::Change(change)]).await.remove(0)
}

pub(super) async fn accept(store: &Subject, accepted: Change) {
    assert_eq!(change(store, accepted).await, Outcome::Accepted);
}

pub(super) async fn load(store: &Subject, run: RunId) -> Record {
    let mut records = store.load(&[run]).await.expect("the store loads");
    assert_eq!(records.len(), 1, "one run was asked for");
    records.remove(0)
}

pub(super) fn node(node: u16, room: u32) -> Served {
    Served { workflow: WORKFLOW.into(), version: 1, node, room }
}

/// What tells of a run that waits at a node.
pub(super) fn hint(run: RunId, node: u16) -> Hint {
    let (workflow, pool) = (WORKFLOW.into(), "default".into());
    Hint { run, node, workflow, version: 1, pool, priority: Priority::Normal, trace: None }
}

/// A claim by [`ADA`] at [`NOW`], with room for ten runs at the input; nothing lapsed.
pub(super) fn serving() -> Claim {
    Claim { worker: ADA, now: NOW, reserved: RESERVED, served: vec![node(0, 10)], hinted: vec![], lapsed: 0 }
}

pub(super) async fn claim(store: &Subject, claim: Claim) -> Claimed {
    store.claim(&claim).await.expect("the store claims")
}

/// The runs that were handed out, in the order of their ids.
pub(super) fn ids(claimed: &Claimed) -> Vec<RunId> {
    let mut ids: Vec<_> = claimed.runs.iter().map(|record| record.id).collect();
    ids.sort_unstable();
    ids
}

pub(super) fn beat(attempt: u32, fraction: f64) -> HeldBeat {
    let message = format!("attempt {attempt}").into();
    HeldBeat { id: TaskId::of(1), attempt, fraction, message, details: Some(r#"{"frame":7}"#.into()) }
}

/// A sign of life of a worker at [`NOW`].
pub(super) fn alive(worker: WorkerId, until: Timestamp) -> Heartbeats {
    Heartbeats { worker, now: NOW, until, beats: vec![], watching: vec![] }
}

pub(super) async fn heartbeat(store: &Subject, beats: Heartbeats) -> Renewed {
    store.heartbeat(&beats).await.expect("the store takes heartbeats")
}
