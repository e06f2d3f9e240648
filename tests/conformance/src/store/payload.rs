//! Payloads and numbers: they come back as they were written.

use std::sync::Arc;

use stagemark::{
    Status, Timestamp, WorkerId,
    ports::{Fusion, Marker, NewRun, Phase, RunRow, Task, TaskId},
};

use super::{
    Subject,
    fixture::{ADA, NOW, accept, at, done, held, leased, load, marker, queued, row, submit, to_markers, to_row},
};

/// Text that trips who puts it together by hand.
const ODD: &str = "\"quotes\" 'n' `ticks` \\ % _ ? ?1 $1 :a; -- \n\t\u{1} ä 漢字 🎬 e\u{301} \u{202e}rtl\u{feff} {{}}";

/// In every place that takes text.
pub async fn text_comes_back_as_it_was_written(store: Subject) {
    let run = submit(&store, NewRun { workflow: ODD.into(), input: ODD.into(), ..held(ADA) }).await;
    let written = Marker { output: Some(ODD.into()), error: Some(ODD.into()), ..done(1, 1) };
    accept(&store, to_markers(run, 0, vec![written.clone()])).await;
    accept(&store, to_row(run, 0, RunRow { error: Some(ODD.into()), ..row(Status::Failed) })).await;

    let record = load(&store, run).await;

    assert_eq!((&*record.workflow, &*record.input, record.error.as_deref()), (ODD, ODD, Some(ODD)));
    assert_eq!(record.markers, [written]);
}

/// Inputs and outputs may be large.
pub async fn a_megabyte_comes_back_as_it_was_written(store: Subject) {
    let large: String = "0123456789abcdeé".chars().cycle().take(1 << 20).collect();
    let run = submit(&store, NewRun { input: large.as_str().into(), ..held(ADA) }).await;
    let written = Marker { output: Some(large.as_str().into()), ..done(1, 1) };
    accept(&store, to_markers(run, 0, vec![written.clone()])).await;

    let record = load(&store, run).await;

    assert!(*record.input == *large, "the input has changed");
    assert!(record.markers == [written], "the output has changed");
}

/// With its moments, its worker and its width.
pub async fn every_phase_of_a_marker_comes_back(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    let queued = Task { phase: Phase::Queued { due: at(500) }, attempt: 3, released: 2, fusion: Fusion::Free };
    let phases = [
        Marker { task: queued, started: None, error: Some(r#"["no room"]"#.into()), ..marker(1, 3, Phase::Dead) },
        marker(2, 1, Phase::Leased { worker: ADA }),
        done(3, 1),
        Marker { output: Some("[]".into()), ..marker(4, 1, Phase::Done { width: Some(0) }) },
        Marker { finished: Some(at(1)), error: Some(r#"["a","b"]"#.into()), ..marker(5, 5, Phase::Dead) },
        marker(6, 1, Phase::Dropped),
        marker(7, 1, Phase::Waiting),
    ];

    accept(&store, to_markers(run, 0, phases.to_vec())).await;

    assert_eq!(load(&store, run).await.markers, phases);
}

/// That a task was tried in a pass, and that it is tried alone from now on.
pub async fn how_a_marker_stands_to_passes_comes_back(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    let of = |node, fusion| {
        let marker = done(node, 1);
        Marker { task: Task { fusion, ..marker.task }, ..marker }
    };
    let all = [Fusion::Free, Fusion::Pass(2), Fusion::Pass(2), Fusion::Alone, Fusion::Pass(u16::MAX)];
    let markers: Vec<_> = (1..).zip(all).map(|(node, fusion)| of(node, fusion)).collect();
    let leased = Marker { output: None, finished: None, ..leased(6, 1, ADA) };
    let in_pass = Marker { task: Task { fusion: Fusion::Pass(6), ..leased.task }, ..leased.clone() };

    accept(&store, to_markers(run, 0, [markers.clone(), vec![in_pass]].concat())).await;
    let alone = Marker { task: Task { attempt: 2, fusion: Fusion::Alone, ..leased.task }, ..leased };
    accept(&store, to_markers(run, 0, vec![alone.clone()])).await;

    assert_eq!(load(&store, run).await.markers, [markers, vec![alone]].concat());
}

/// And that of a later one which does not.
pub async fn that_a_marker_tells_of_a_taken_result_comes_back(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    let of_pass = Task { fusion: Fusion::Pass(2), ..done(2, 1).task };
    let taken = [
        Marker { reused: true, ..done(1, 1) },
        Marker { reused: true, task: of_pass, ..done(2, 1) },
        Marker { reused: true, ..done(3, 1) },
        done(4, 1),
    ];

    accept(&store, to_markers(run, 0, taken.to_vec())).await;

    assert_eq!(load(&store, run).await.markers, taken);
}

/// What an earlier marker told, and that of a step which is done does not, is gone.
pub async fn a_marker_of_a_step_that_is_done_keeps_nothing_of_the_one_before(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    let error: Option<Arc<str>> = Some(r#"["no room"]"#.into());
    let of_pass = |marker: Marker| {
        let task = Task { fusion: Fusion::Pass(1), released: 1, ..marker.task };
        Marker { task, error: error.clone(), ..marker }
    };
    let before = [marker(1, 1, Phase::Queued { due: at(500) }), leased(2, 1, ADA), marker(3, 1, Phase::Dropped)];
    accept(&store, to_markers(run, 0, before.map(of_pass).to_vec())).await;

    let after = [1, 2, 3].map(|node| done(node, 2));
    accept(&store, to_markers(run, 0, after.to_vec())).await;

    assert_eq!(load(&store, run).await.markers, after);
}

/// Moments up to 2⁶³ - 1 ms, and all other numbers up to the greatest of their types.
pub async fn the_greatest_numbers_come_back(store: Subject) {
    let worker = WorkerId(u128::MAX);
    let latest = Timestamp(i64::MAX.unsigned_abs());
    let greatest = TaskId { node: u16::MAX, item: u32::MAX };
    let task =
        Task { phase: Phase::Done { width: Some(u32::MAX) }, attempt: u32::MAX, released: u32::MAX, ..Task::NEW };
    let written = Marker { id: greatest, task, started: Some(latest), finished: Some(latest), ..done(1, 1) };
    let new = NewRun { version: u32::MAX, width: Some(u32::MAX), submitted: latest, ..held(worker) };

    let run = submit(&store, new).await;
    accept(&store, to_markers(run, 0, vec![written.clone()])).await;

    let record = load(&store, run).await;
    assert_eq!((record.version, record.width, record.submitted), (u32::MAX, Some(u32::MAX), latest));
    assert_eq!((record.holder, record.markers), (Some(worker), vec![written]));
}

/// By node, then by item, in whatever order they were written.
pub async fn markers_come_back_in_the_order_of_their_tasks(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    let places = [(2, 0), (1, 10), (256, 0), (1, 9), (1, 0)];
    for (node, item) in places {
        let id = TaskId { node, item };
        accept(&store, to_markers(run, 0, vec![Marker { id, ..done(1, 1) }])).await;
    }

    let record = load(&store, run).await;

    let order: Vec<_> = record.markers.iter().map(|marker| (marker.id.node, marker.id.item)).collect();
    assert_eq!(order, [(1, 0), (1, 9), (1, 10), (2, 0), (256, 0)]);
}

/// Runs that are loaded together each have their own.
pub async fn markers_of_neighbouring_runs_are_told_apart(store: Subject) {
    let mut runs = Vec::new();
    for node in 1..=5 {
        let run = submit(&store, held(ADA)).await;
        accept(&store, to_markers(run, 0, vec![done(node, 1)])).await;
        runs.push((run, node));
    }

    let ids: Vec<_> = runs.iter().map(|(run, _)| *run).collect();
    let records = store.load(&ids).await.expect("the store loads");

    for (run, node) in runs {
        let record = records.iter().find(|record| record.id == run).expect("every run is loaded");
        assert_eq!(record.markers, [done(node, 1)]);
    }
}

/// A wide `each` commits many markers in one change.
pub async fn five_hundred_markers_of_a_run_come_back(store: Subject) {
    let run = submit(&store, NewRun { submitted: NOW, ..queued() }).await;
    let items: Vec<_> = (0..500).map(|item| Marker { id: TaskId { node: 1, item }, ..done(1, 1) }).collect();

    accept(&store, to_markers(run, 0, items.clone())).await;

    assert_eq!(load(&store, run).await.markers, items);
}
