//! Definitions: the first graph of a version is the one that is kept.

use super::{Subject, fixture::WORKFLOW};

async fn define(store: &Subject, workflow: &str, version: u32, graph: &str) -> String {
    store.define(workflow, version, graph).await.expect("the store keeps graphs")
}

/// Who comes with another one is given the first, to compare.
pub async fn the_first_graph_of_a_version_is_kept(store: Subject) {
    let first = define(&store, WORKFLOW, 1, r#"["first"]"#).await;
    let second = define(&store, WORKFLOW, 1, r#"["second"]"#).await;

    assert_eq!((first.as_str(), second.as_str()), (r#"["first"]"#, r#"["first"]"#));
}

/// A new version stands beside the old one.
pub async fn each_version_has_a_graph_of_its_own(store: Subject) {
    define(&store, WORKFLOW, 1, "1").await;

    assert_eq!(define(&store, WORKFLOW, 2, "2").await, "2");
}

/// Also where versions are the same.
pub async fn each_workflow_has_a_graph_of_its_own(store: Subject) {
    define(&store, WORKFLOW, 1, "1").await;

    assert_eq!(define(&store, "archive-video", 1, "2").await, "2");
}
