//! Claims of what is due in the queue.

use stagemark::{
    Priority, RunId, Status, Timestamp,
    ports::{Claim, Heartbeats, NewRun, Phase, QueueEntry, RunRow, Served},
};

use super::{
    Subject,
    fixture::{
        ADA, BOB, NOW, RESERVED, WORKFLOW, accept, alive, at, beat, claim, heartbeat, ids, marker, node, queued,
        queued_at, row, serving, submit, to_markers, to_row,
    },
};

/// What a worker is handed it can work on: payloads, markers and what was heard come with it.
pub async fn a_due_run_is_handed_out_whole(store: Subject) {
    let run = submit(&store, queued()).await;
    let lost = marker(1, 1, Phase::Queued { due: NOW });
    accept(&store, to_markers(run, 0, vec![lost.clone()])).await;
    heartbeat(&store, Heartbeats { beats: vec![(run, beat(1, 0.5))], ..alive(BOB, at(1)) }).await;

    let claimed = claim(&store, serving()).await;

    assert_eq!(ids(&claimed), [run]);
    let record = &claimed.runs[0];
    assert_eq!((&*record.input, record.status, record.revision), (r#"{"video":"cat.mp4"}"#, Status::Queued, 0));
    assert_eq!((&record.markers, &record.beats), (&vec![lost], &vec![beat(1, 0.5)]));
    assert_eq!(claimed.lapsed, []);
}

/// A place is handed out at its moment, and not a millisecond before.
pub async fn a_run_is_not_handed_out_before_it_is_due(store: Subject) {
    let run = submit(&store, queued_at(0, at(1))).await;

    let before = claim(&store, serving()).await;
    let then = claim(&store, Claim { now: at(1), ..serving() }).await;

    assert_eq!((ids(&before), ids(&then)), (vec![], vec![run]));
}

/// Nobody else is handed it before the reservation ends, nor is the same worker.
pub async fn what_was_handed_out_is_reserved(store: Subject) {
    submit(&store, queued()).await;
    claim(&store, serving()).await;

    let again = claim(&store, Claim { now: at(29_999), ..serving() }).await;
    let other = claim(&store, Claim { now: at(29_999), worker: BOB, ..serving() }).await;

    assert_eq!((ids(&again), ids(&other)), (vec![], vec![]));
}

/// What a worker was handed and did not begin is handed out again.
pub async fn a_reservation_ends(store: Subject) {
    let run = submit(&store, queued()).await;
    claim(&store, serving()).await;

    let after = claim(&store, Claim { now: RESERVED, worker: BOB, ..serving() }).await;

    assert_eq!(ids(&after), [run]);
}

/// The room at a node is a bound; no room is none.
pub async fn no_more_runs_are_handed_out_than_there_is_room_for(store: Subject) {
    for _ in 0..5 {
        submit(&store, queued()).await;
    }

    let none = claim(&store, Claim { served: vec![node(0, 0)], ..serving() }).await;
    let two = claim(&store, Claim { served: vec![node(0, 2)], ..serving() }).await;
    let rest = claim(&store, serving()).await;

    assert_eq!((ids(&none).len(), ids(&two).len(), ids(&rest).len()), (0, 2, 3));
}

/// By the moment from which they were due, not by the age of their runs.
pub async fn the_oldest_places_are_handed_out_first(store: Subject) {
    let mut runs = Vec::new();
    for due in [NOW.0 - 1, NOW.0 - 3, NOW.0, NOW.0 - 2] {
        runs.push(submit(&store, queued_at(0, Timestamp(due))).await);
    }

    let oldest = claim(&store, Claim { served: vec![node(0, 2)], ..serving() }).await;

    assert_eq!(ids(&oldest), [runs[1], runs[3]]);
}

/// Those of one priority by how long they were due.
pub async fn runs_of_a_higher_priority_are_handed_out_first(store: Subject) {
    let mut runs = Vec::new();
    for (priority, due) in [(Priority::Low, 3), (Priority::High, 0), (Priority::Normal, 2), (Priority::High, 1)] {
        let due = Timestamp(NOW.0 - due);
        runs.push(submit(&store, NewRun { priority, ..queued_at(0, due) }).await);
    }

    let mut order = Vec::new();
    for _ in 0..4 {
        order.extend(ids(&claim(&store, Claim { served: vec![node(0, 1)], ..serving() }).await));
    }

    assert_eq!(order, [runs[3], runs[1], runs[2], runs[0]]);
}

/// A hint names what to look for, so that workers share what is there as the broker hands it out.
pub async fn hinted_runs_alone_are_handed_out(store: Subject) {
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(submit(&store, queued()).await);
    }
    let hinted = vec![runs[1], RunId::new(), runs[3]];

    let claimed = claim(&store, Claim { hinted: hinted.clone(), ..serving() }).await;
    let again = claim(&store, Claim { hinted, ..serving() }).await;
    let rest = claim(&store, serving()).await;

    assert_eq!((ids(&claimed), ids(&again)), (vec![runs[1], runs[3]], vec![]));
    assert_eq!(ids(&rest), [runs[0], runs[2]]);
}

/// A hint says where to look, and the queue what is true.
pub async fn a_hinted_run_is_not_handed_out_before_it_is_due(store: Subject) {
    let run = submit(&store, queued_at(0, at(1))).await;

    let early = claim(&store, Claim { hinted: vec![run], ..serving() }).await;
    let due = claim(&store, Claim { hinted: vec![run], now: at(1), ..serving() }).await;

    assert_eq!((ids(&early), ids(&due)), (vec![], vec![run]));
}

/// The room at a node is a bound for hinted runs too.
pub async fn a_hinted_run_without_room_is_not_handed_out(store: Subject) {
    let (one, other) = (submit(&store, queued()).await, submit(&store, queued()).await);
    let hinted = vec![one, other];

    let none = claim(&store, Claim { hinted: hinted.clone(), served: vec![node(0, 0)], ..serving() }).await;
    let single = claim(&store, Claim { hinted, served: vec![node(0, 1)], ..serving() }).await;

    assert_eq!((ids(&none).len(), ids(&single).len()), (0, 1));
}

/// A worker is handed only what it knows.
pub async fn a_run_of_another_workflow_is_not_handed_out(store: Subject) {
    submit(&store, NewRun { workflow: "archive-video".into(), ..queued() }).await;

    assert_eq!(ids(&claim(&store, serving()).await), []);
}

/// A worker that does not know a version leaves it to one that does.
pub async fn a_run_of_another_version_is_not_handed_out(store: Subject) {
    let run = submit(&store, NewRun { version: 2, ..queued() }).await;

    let first = claim(&store, serving()).await;
    let served = vec![Served { version: 2, ..node(0, 10) }];
    let second = claim(&store, Claim { served, ..serving() }).await;

    assert_eq!((ids(&first), ids(&second)), (vec![], vec![run]));
}

/// A worker is handed only what waits where it has room.
pub async fn a_run_at_another_node_is_not_handed_out(store: Subject) {
    submit(&store, queued_at(1, NOW)).await;

    assert_eq!(ids(&claim(&store, serving()).await), []);
}

/// Each node has a room of its own.
pub async fn several_nodes_are_served_by_one_claim(store: Subject) {
    let mut runs = Vec::new();
    for at in [0, 1, 1, 2, 3] {
        runs.push(submit(&store, queued_at(at, NOW)).await);
    }
    let other = submit(&store, NewRun { workflow: "archive-video".into(), ..queued() }).await;

    let archive = Served { workflow: "archive-video".into(), ..node(0, 1) };
    let served = vec![node(0, 1), node(1, 5), node(3, 1), archive];
    let claimed = claim(&store, Claim { served, ..serving() }).await;

    assert_eq!(ids(&claimed), [runs[0], runs[1], runs[2], runs[4], other]);
}

/// Both of its places are reserved then.
pub async fn a_run_at_two_nodes_is_handed_out_once(store: Subject) {
    let queue = vec![QueueEntry { node: 1, due: NOW }, QueueEntry { node: 2, due: NOW }];
    let run = submit(&store, NewRun { queue, ..queued() }).await;
    let both = Claim { served: vec![node(1, 10), node(2, 10)], ..serving() };

    let claimed = claim(&store, both.clone()).await;
    let again = claim(&store, both).await;

    assert_eq!((ids(&claimed), ids(&again)), (vec![run], vec![]));
}

/// The places of the row are the places of the run; those before are gone.
pub async fn a_change_replaces_the_places_in_the_queue(store: Subject) {
    let run = submit(&store, queued()).await;
    let queue = vec![QueueEntry { node: 1, due: NOW }, QueueEntry { node: 2, due: at(5) }];
    accept(&store, to_row(run, 0, RunRow { queue, ..row(Status::Running) })).await;

    let input = claim(&store, serving()).await;
    let later = claim(&store, Claim { served: vec![node(1, 10), node(2, 10)], ..serving() }).await;

    assert_eq!((ids(&input), ids(&later), later.next_due), (vec![], vec![run], Some(at(5))));
}

/// Nothing is left of it.
pub async fn an_ended_run_leaves_the_queue(store: Subject) {
    let run = submit(&store, queued()).await;
    accept(&store, to_row(run, 0, row(Status::Cancelled))).await;

    let claimed = claim(&store, Claim { worker: ADA, ..serving() }).await;

    assert_eq!((ids(&claimed), claimed.next_due), (vec![], None));
}

/// So that a worker need not look before.
pub async fn the_next_place_is_told(store: Subject) {
    for due in [at(700), at(300), at(500)] {
        submit(&store, queued_at(0, due)).await;
    }

    let claimed = claim(&store, serving()).await;

    assert_eq!((ids(&claimed), claimed.next_due), (vec![], Some(at(300))));
}

/// What is handed out here comes up again then, if nobody has begun it.
pub async fn a_reserved_place_is_next_when_its_reservation_ends(store: Subject) {
    submit(&store, queued()).await;

    let claimed = claim(&store, serving()).await;

    assert_eq!((claimed.runs.len(), claimed.next_due), (1, Some(RESERVED)));
}

/// Places of other workflows, versions and nodes do not wake a worker.
pub async fn next_places_that_are_not_served_are_not_told(store: Subject) {
    submit(&store, NewRun { workflow: "archive-video".into(), ..queued_at(0, at(1)) }).await;
    submit(&store, NewRun { version: 2, ..queued_at(0, at(2)) }).await;
    submit(&store, queued_at(1, at(3))).await;
    submit(&store, queued_at(0, at(4))).await;

    let served = vec![node(0, 10), Served { workflow: WORKFLOW.into(), ..node(2, 10) }];
    let claimed = claim(&store, Claim { served, ..serving() }).await;

    assert_eq!(claimed.next_due, Some(at(4)));
}

/// What is due already waits for room, not for time.
pub async fn a_place_that_is_due_is_no_next_place(store: Subject) {
    for due in [NOW, NOW, at(40_000)] {
        submit(&store, queued_at(0, due)).await;
    }

    let claimed = claim(&store, Claim { served: vec![node(0, 1)], ..serving() }).await;

    assert_eq!((claimed.runs.len(), claimed.next_due), (1, Some(RESERVED)));
}

/// A worker without room at a node is not woken for it.
pub async fn a_next_place_without_room_is_not_told(store: Subject) {
    submit(&store, queued_at(0, at(1))).await;

    let claimed = claim(&store, Claim { served: vec![node(0, 0)], ..serving() }).await;

    assert_eq!(claimed.next_due, None);
}
