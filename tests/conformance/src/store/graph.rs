//! Graphs: the first of a version is the one that is kept.

use super::{Subject, fixture::WORKFLOW};

async fn propose(store: &Subject, workflow: &str, version: u32, graph: &str) -> Option<String> {
    store.graph(workflow, version, Some(graph)).await.expect("the store keeps graphs")
}

async fn look_up(store: &Subject, workflow: &str, version: u32) -> Option<String> {
    store.graph(workflow, version, None).await.expect("the store gives graphs")
}

/// Who comes with another one is given the first, to compare.
pub async fn the_first_graph_of_a_version_is_kept(store: Subject) {
    let first = propose(&store, WORKFLOW, 1, r#"["first"]"#).await;
    let second = propose(&store, WORKFLOW, 1, r#"["second"]"#).await;

    assert_eq!((first.as_deref(), second.as_deref()), (Some(r#"["first"]"#), Some(r#"["first"]"#)));
}

/// A new version stands beside the old one.
pub async fn each_version_has_a_graph_of_its_own(store: Subject) {
    propose(&store, WORKFLOW, 1, "1").await;

    assert_eq!(propose(&store, WORKFLOW, 2, "2").await.as_deref(), Some("2"));
}

/// Also where versions are the same.
pub async fn each_workflow_has_a_graph_of_its_own(store: Subject) {
    propose(&store, WORKFLOW, 1, "1").await;

    assert_eq!(propose(&store, "archive-video", 1, "2").await.as_deref(), Some("2"));
}

/// Who has no graph to propose is given the one that is kept, if there is one.
pub async fn a_graph_is_looked_up_without_keeping_one(store: Subject) {
    let before = look_up(&store, WORKFLOW, 1).await;
    propose(&store, WORKFLOW, 1, "1").await;

    assert_eq!((before, look_up(&store, WORKFLOW, 1).await.as_deref()), (None, Some("1")));
}
