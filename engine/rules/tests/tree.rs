//! The rules depend on serde alone: nothing in their tree can read a clock, wait, or draw a number.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

/// What cargo knows of the workspace.
fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().expect("cargo names a list so")
}

fn by_id<'a>(values: &'a [Value], id: &Value) -> &'a Value {
    values.iter().find(|value| value["id"] == *id).expect("what is depended on is listed")
}

/// Of macros only what they expand to is part of those who use them.
fn is_macro(package: &Value) -> bool {
    list(package, "targets").iter().any(|target| list(target, "kind").contains(&Value::from("proc-macro")))
}

/// Whether it is needed to run, and not only to build or to test.
fn is_normal(dependency: &Value) -> bool {
    list(dependency, "dep_kinds").iter().any(|kind| kind["kind"].is_null())
}

#[test]
fn the_rules_depend_on_serde_alone() {
    let metadata = metadata();
    let (packages, nodes) = (list(&metadata, "packages"), list(&metadata["resolve"], "nodes"));
    let rules = packages.iter().find(|package| package["name"] == "stagemark-rules").expect("it is listed");

    let (mut waiting, mut names) = (vec![rules], BTreeSet::new());
    while let Some(package) = waiting.pop() {
        if !is_macro(package) && names.insert(package["name"].as_str().expect("a package has a name")) {
            let dependencies = list(by_id(nodes, &package["id"]), "deps").iter().filter(|one| is_normal(one));
            waiting.extend(dependencies.map(|dependency| by_id(packages, &dependency["pkg"])));
        }
    }

    assert_eq!(names, BTreeSet::from(["stagemark-rules", "serde", "serde_core"]));
}
