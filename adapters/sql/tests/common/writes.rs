//! The writes of a run.

use std::sync::Arc;

use stagemark::{
    Priority, RunId, Status, Timestamp, WorkerId,
    ports::{Change, Marker, NewRun, Phase, QueueEntry, Record, RunRow, Store, Task, TaskId, Write},
};

pub(crate) const WORKER: WorkerId = WorkerId(7);
pub(crate) const NOW: Timestamp = Timestamp(1_000_000);

/// A run that its submitter holds.
pub(crate) fn held(id: RunId) -> NewRun {
    NewRun {
        id,
        workflow: Arc::from("w"),
        version: 1,
        key: None,
        input: Arc::from("1"),
        width: None,
        priority: Priority::Normal,
        trace: None,
        submitted: NOW,
        status: Status::Running,
        holder: Some(WORKER),
        queue: Vec::new(),
        outbox: Vec::new(),
    }
}

/// A run that waits in the queue.
pub(crate) fn queued(id: RunId) -> NewRun {
    let queue = vec![QueueEntry { node: 0, due: NOW }];
    NewRun { status: Status::Queued, holder: None, queue, ..held(id) }
}

pub(crate) fn marker(node: u16, attempt: u32, phase: Phase) -> Marker {
    let task = Task { phase, attempt, ..Task::NEW };
    let output = matches!(phase, Phase::Done { .. }).then(|| Arc::from("2"));
    Marker { id: TaskId::of(node), task, started: Some(NOW), finished: None, output, error: None, reused: false }
}

/// A step is done, the run goes on.
pub(crate) fn done(run: RunId, node: u16) -> Write {
    let markers = vec![marker(node, 1, Phase::Done { width: None })];
    Write::Change(Change { run, revision: 0, row: None, markers, companions: Vec::new(), results: Vec::new() })
}

/// The last step is done.
pub(crate) fn ready(run: RunId, node: u16) -> Write {
    let markers = vec![marker(node, 1, Phase::Done { width: None })];
    let row = RunRow {
        status: Status::Ready,
        holder: None,
        queue: Vec::new(),
        outbox: Vec::new(),
        error: None,
        ended: Some(NOW),
    };
    Write::Change(Change { run, revision: 0, row: Some(row), markers, companions: Vec::new(), results: Vec::new() })
}

pub(crate) async fn read(store: &impl Store, run: RunId) -> Record {
    store.load(&[run]).await.unwrap().remove(0)
}
