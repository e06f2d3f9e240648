//! Submissions: what was accepted is there, and a key stands for one run.

use stagemark::{
    Priority, RunId, Status,
    ports::{NewRun, Outcome, Submitted, Write},
};

use super::{
    Subject,
    fixture::{ADA, NOW, held, keyed, load, queued, submit, write},
};

/// Every field of a submission comes back, at revision 0.
pub async fn a_submitted_run_is_loaded_as_it_was_written(store: Subject) {
    let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
    let run = NewRun { version: 7, width: Some(3), priority: Priority::Low, trace: trace.clone(), ..held(ADA) };
    let id = submit(&store, NewRun { input: "[1,2,3]".into(), ..run }).await;

    let record = load(&store, id).await;

    assert_eq!((&*record.workflow, record.version, record.revision), ("publish-video", 7, 0));
    assert_eq!((&*record.input, record.width, record.submitted), ("[1,2,3]", Some(3), NOW));
    assert_eq!((record.status, record.holder), (Status::Running, Some(ADA)));
    assert_eq!((record.priority, record.trace), (Priority::Low, trace));
    assert_eq!((record.error, record.ended), (None, None));
    assert_eq!((record.markers, record.beats), (vec![], vec![]));
}

/// Runs that do not exist are left out, also between others.
pub async fn a_run_that_was_never_submitted_is_not_loaded(store: Subject) {
    let (first, last) = (submit(&store, queued()).await, submit(&store, queued()).await);

    let records = store.load(&[first, RunId::new(), last]).await.expect("the store loads");

    let mut ids: Vec<_> = records.iter().map(|record| record.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [first, last]);
}

/// The second submission of a key gets the run and the input of the first.
pub async fn a_used_key_returns_the_first_run(store: Subject) {
    let first = submit(&store, NewRun { input: "1".into(), ..keyed("upload-42") }).await;
    let second = NewRun { input: "2".into(), ..keyed("upload-42") };
    let second_id = second.id;

    let outcomes = write(&store, vec![Write::Submit(second)]).await;

    assert_eq!(outcomes, [Outcome::Existing(Submitted { id: first, input: "1".into() })]);
    assert!(store.load(&[second_id]).await.expect("the store loads").is_empty());
}

/// A batch may bear one key twice: the first of them has it.
pub async fn a_key_used_in_the_same_batch_returns_the_first_run(store: Subject) {
    let first = NewRun { input: "1".into(), ..keyed("upload-42") };
    let existing = Submitted { id: first.id, input: "1".into() };

    let outcomes = write(&store, vec![Write::Submit(first), Write::Submit(keyed("upload-42"))]).await;

    assert_eq!(outcomes, [Outcome::Accepted, Outcome::Existing(existing)]);
}

/// Two workflows may use one key.
pub async fn a_key_belongs_to_one_workflow(store: Subject) {
    submit(&store, keyed("upload-42")).await;
    let other = NewRun { workflow: "archive-video".into(), ..keyed("upload-42") };

    let outcomes = write(&store, vec![Write::Submit(other)]).await;

    assert_eq!(outcomes, [Outcome::Accepted]);
}

/// A new version of a workflow does not start again what an earlier one was asked for.
pub async fn a_key_belongs_to_all_versions_of_a_workflow(store: Subject) {
    let first = keyed("upload-42");
    let existing = Submitted { id: first.id, input: first.input.clone() };
    submit(&store, first).await;

    let outcomes = write(&store, vec![Write::Submit(NewRun { version: 2, ..keyed("upload-42") })]).await;

    assert_eq!(outcomes, [Outcome::Existing(existing)]);
}

/// The absence of a key is no key.
pub async fn runs_without_a_key_never_meet(store: Subject) {
    let outcomes = write(&store, vec![Write::Submit(queued()), Write::Submit(queued())]).await;

    assert_eq!(outcomes, [Outcome::Accepted, Outcome::Accepted]);
}

/// A submission never replaces a run.
pub async fn an_id_is_used_once(store: Subject) {
    let first = queued();
    let again = NewRun { input: "2".into(), ..first.clone() };
    let id = submit(&store, first).await;

    let outcomes = write(&store, vec![Write::Submit(again)]).await;

    assert_eq!(outcomes, [Outcome::Refused]);
    assert_eq!(&*load(&store, id).await.input, r#"{"video":"cat.mp4"}"#);
}
