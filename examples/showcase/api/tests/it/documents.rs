//! What is written down is what is.

use std::{fs, path::PathBuf, process::Command};

use reqwest::StatusCode;
use serde_json::Value;
use stagemark_contest_api::{Kind, document};

use crate::fixture::Host;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

#[test]
fn the_description_in_the_tree_is_what_the_code_says() {
    let written = fs::read_to_string(root().join("examples/showcase/openapi.json")).unwrap();

    let said = document().to_pretty_json().unwrap();

    assert!(
        written.trim_end() == said,
        "write it anew: cargo run -p stagemark-contest-api -- --openapi > examples/showcase/openapi.json"
    );
}

#[tokio::test]
async fn the_description_is_served() {
    let host = Host::start().await;

    let served = host.get("/api/openapi.json").await;

    assert_eq!(served.status(), StatusCode::OK);
    let served: Value = serde_json::from_slice(&served.bytes().await.unwrap()).unwrap();
    assert_eq!(served, serde_json::to_value(document()).unwrap());
    assert_eq!(served["openapi"], "3.1.0");
}

#[test]
fn every_error_that_is_described_is_a_problem() {
    let description = serde_json::to_value(document()).unwrap();
    let mut found = 0;

    for operation in
        description["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
    {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status.starts_with(['4', '5']) {
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Problem", "{} {status}", operation["operationId"]);
                found += 1;
            }
        }
    }

    assert!(found > 20, "only {found} were found");
}

#[test]
fn every_problem_is_explained() {
    let explained = fs::read_to_string(root().join("docs/problems.md")).unwrap();

    for kind in Kind::ALL {
        let heading = format!("## {}\n\n{} · {}", kind.slug(), kind.status().as_u16(), kind.title());
        assert!(explained.contains(&heading), "{heading:?} is missing");
    }
    assert_eq!(explained.matches("\n## ").count(), Kind::ALL.len(), "a problem is explained that there is not");
}

/// What reads videos is for workers: an API host has neither the programs nor the code.
#[test]
fn the_api_links_nothing_that_reads_videos() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "stagemark-contest-api", "--edges", "normal", "--prefix", "none"])
        .current_dir(root())
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();

    assert!(tree.contains("stagemark-contest-contract v"), "{tree}");
    for forbidden in ["stagemark-media v", "stagemark-video v", "ffmpeg"] {
        assert!(!tree.contains(forbidden), "{forbidden} is linked");
    }
}
