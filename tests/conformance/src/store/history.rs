//! History: runs page by page, and runs that are forgotten.

use stagemark::{
    RunId, Status, Timestamp,
    ports::{Forgotten, Listed, NewRun, Page, Paged, RunRow},
};

use super::{
    Subject,
    fixture::{ADA, NOW, WORKFLOW, accept, at, done, held, keyed, load, queued, row, submit, to_markers, to_row},
};

const ALL: Page = Page { statuses: vec![], workflow: None, before: None, limit: 10, look: 1000 };

async fn page(store: &Subject, page: Page) -> Paged {
    store.page(&page).await.expect("the store lists")
}

fn ids(paged: &Paged) -> Vec<RunId> {
    paged.runs.iter().map(|run| run.id).collect()
}

/// A run of each status, in the order of `Status`.
async fn one_of_each(store: &Subject) -> [RunId; 5] {
    let [ready, failed, cancelled] =
        [submit(store, queued()).await, submit(store, queued()).await, submit(store, queued()).await];
    for (run, status) in [(ready, Status::Ready), (failed, Status::Failed), (cancelled, Status::Cancelled)] {
        accept(store, to_row(run, 0, row(status))).await;
    }
    [submit(store, queued()).await, submit(store, held(ADA)).await, ready, failed, cancelled]
}

/// By their ids, whatever they are.
pub async fn a_page_has_the_newest_runs_first(store: Subject) {
    let [queued, running, ready, failed, cancelled] = one_of_each(&store).await;

    let paged = page(&store, ALL).await;

    assert_eq!(ids(&paged), [running, queued, cancelled, failed, ready]);
    assert_eq!(paged.next, None);
}

/// Each of them, and several together.
pub async fn a_page_has_the_statuses_that_are_asked_for(store: Subject) {
    let [queued, running, ready, failed, cancelled] = one_of_each(&store).await;

    let of = async |statuses: &[Status]| ids(&page(&store, Page { statuses: statuses.to_vec(), ..ALL }).await);
    assert_eq!(of(&[Status::Queued]).await, [queued]);
    assert_eq!(of(&[Status::Running]).await, [running]);
    assert_eq!(of(&[Status::Ready]).await, [ready]);
    assert_eq!(of(&[Status::Failed]).await, [failed]);
    assert_eq!(of(&[Status::Cancelled, Status::Queued]).await, [queued, cancelled]);
    assert_eq!(of(&[Status::Ready, Status::Running]).await, [running, ready]);
}

/// Whatever the version, and with whatever statuses.
pub async fn a_page_has_the_workflow_that_is_asked_for(store: Subject) {
    let mine = submit(&store, NewRun { version: 7, ..queued() }).await;
    submit(&store, NewRun { workflow: "other".into(), ..queued() }).await;

    for statuses in [vec![], vec![Status::Queued], vec![Status::Queued, Status::Failed]] {
        let paged = page(&store, Page { statuses, workflow: Some(WORKFLOW.into()), ..ALL }).await;
        assert_eq!((ids(&paged), paged.runs[0].version), (vec![mine], 7));
    }
}

/// One after the other they have every run once.
pub async fn pages_follow_each_other(store: Subject) {
    let mut runs = Vec::new();
    for _ in 0..7 {
        runs.push(submit(&store, queued()).await);
    }
    runs.reverse();

    for statuses in [vec![], vec![Status::Queued]] {
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let paged = page(&store, Page { statuses: statuses.clone(), before, limit: 3, ..ALL }).await;
            assert!(paged.runs.len() <= 3);
            found.extend(ids(&paged));
            before = paged.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found, runs);
    }
}

/// A page may be empty for that reason, and the next one goes on.
pub async fn no_more_runs_are_looked_at_for_a_page_than_asked_for(store: Subject) {
    let ready = submit(&store, queued()).await;
    accept(&store, to_row(ready, 0, row(Status::Ready))).await;
    let live = [submit(&store, queued()).await, submit(&store, queued()).await];

    let asked = Page { statuses: vec![Status::Ready], look: 2, ..ALL };
    let first = page(&store, asked.clone()).await;
    let second = page(&store, Page { before: first.next, ..asked }).await;

    assert_eq!((ids(&first), first.next), (vec![], Some(live[0])));
    assert_eq!((ids(&second), second.next), (vec![ready], None));
}

/// All that is told of it.
pub async fn a_page_tells_how_a_run_went(store: Subject) {
    let run = NewRun { submitted: at(3), version: u32::MAX, ..queued() };
    let (id, workflow) = (submit(&store, run).await, WORKFLOW.into());
    let error = Some(r#"{"chain":["it broke"]}"#.into());
    accept(&store, to_row(id, 0, RunRow { error: error.clone(), ..row(Status::Failed) })).await;

    let (version, status, ended) = (u32::MAX, Status::Failed, Some(Timestamp(NOW.0 + 9)));
    let listed = Listed { id, workflow, version, status, submitted: at(3), ended, error };
    assert_eq!(page(&store, ALL).await.runs, std::slice::from_ref(&listed));
    assert_eq!(page(&store, Page { statuses: vec![Status::Failed], ..ALL }).await.runs, [listed]);
}

/// With its markers: one that is submitted again has none.
pub async fn a_forgotten_run_is_gone(store: Subject) {
    let run = queued();
    let id = submit(&store, run.clone()).await;
    accept(&store, to_markers(id, 0, vec![done(1, 1)])).await;
    accept(&store, to_row(id, 0, row(Status::Failed))).await;

    let forgotten = store.forget(id).await.expect("the store forgets");

    assert_eq!(forgotten, Forgotten::Removed);
    assert!(store.load(&[id]).await.expect("the store loads").is_empty());
    assert_eq!(store.forget(id).await.expect("the store forgets"), Forgotten::Unknown);
    submit(&store, run).await;
    assert!(load(&store, id).await.markers.is_empty());
}

/// It stays as it is.
pub async fn a_run_that_has_not_ended_is_not_forgotten(store: Subject) {
    let run = submit(&store, held(ADA)).await;
    accept(&store, to_markers(run, 0, vec![done(1, 1)])).await;

    let forgotten = store.forget(run).await.expect("the store forgets");

    assert_eq!(forgotten, Forgotten::Live(Status::Running));
    assert_eq!(load(&store, run).await.markers.len(), 1);
}

/// Another run may have it.
pub async fn the_key_of_a_forgotten_run_is_free(store: Subject) {
    let run = submit(&store, keyed("upload-42")).await;
    accept(&store, to_row(run, 0, row(Status::Ready))).await;

    store.forget(run).await.expect("the store forgets");

    submit(&store, keyed("upload-42")).await;
}
