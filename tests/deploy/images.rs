//! Images and how they are put together: read by Docker's own tools, without Docker.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::Command,
    thread,
};

use serde_json::Value;
use stagemark_services::{COMPOSE, HADOLINT};

use crate::{deployment::succeeds, root};

/// What Compose makes of its file, with the folders that the guide makes beside it.
fn composed() -> Option<Value> {
    if !cfg!(target_arch = "x86_64") {
        println!("skipped: there is no Docker Compose for this processor in the registry");
        return None;
    }
    COMPOSE.install().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compose.yaml");
    fs::copy(root().join("deploy/compose.yaml"), &file).unwrap();
    let mut compose = Command::new(COMPOSE.program());
    compose.args(["--profile", "backup", "--file"]).arg(&file).args(["config", "--format", "json"]);
    let said = succeeds(compose.env("CONTEST_HOST", "contest.example").env("HOME", folder.path()));
    assert!(said.stderr.is_empty(), "{}", String::from_utf8_lossy(&said.stderr));
    Some(serde_json::from_slice(&said.stdout).unwrap())
}

fn services(composed: &Value) -> impl Iterator<Item = (&str, &Value)> {
    composed["services"].as_object().unwrap().iter().map(|(name, service)| (name.as_str(), service))
}

#[test]
fn the_front_alone_is_seen_from_outside_on_80_and_443() {
    let Some(composed) = composed() else { return };

    for (name, service) in services(&composed) {
        let ports: BTreeSet<_> = service["ports"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|port| &port["published"])
            .map(ToString::to_string)
            .collect();
        let expected: BTreeSet<_> =
            if name == "front" { [r#""80""#, r#""443""#].map(String::from).into() } else { BTreeSet::new() };
        assert_eq!(ports, expected, "{name}");
        assert!(service["network_mode"].is_null() || service["network_mode"] == "none", "{name}");
    }
    for (name, network) in composed["networks"].as_object().unwrap() {
        assert_eq!(network["internal"].as_bool().unwrap_or_default(), name != "edge", "{name}");
        let who =
            services(&composed).filter(|(_, service)| service["networks"].get(name).is_some()).map(|(who, _)| who);
        assert!(name != "edge" || who.eq(["front"]), "the world reaches more than the front");
    }
}

#[test]
fn no_container_may_more_than_it_must() {
    let Some(composed) = composed() else { return };

    for (name, service) in services(&composed) {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], serde_json::json!(["ALL"]), "{name}");
        assert_eq!(service["security_opt"], serde_json::json!(["no-new-privileges:true"]), "{name}");
        let limits = &service["deploy"]["resources"]["limits"];
        for limit in ["cpus", "memory", "pids"] {
            assert!(!limits[limit].is_null(), "{name} has no limit of {limit}");
        }
        assert!(service["privileged"].is_null() && service["pid"].is_null() && service["ipc"].is_null(), "{name}");
        // Those that are built say it in their files.
        let is_root = service["user"] == "root";
        assert!(service.get("build").is_some() || name == "migrate" || service["user"].is_string(), "{name}");
        assert!(!is_root || service["network_mode"] == "none", "{name} is root and on a network");
    }
}

#[test]
fn secrets_are_files_and_each_has_its_own() {
    let Some(composed) = composed() else { return };

    for (name, service) in services(&composed) {
        for (variable, value) in service["environment"].as_object().into_iter().flatten() {
            let is_secret = ["PASSWORD", "SECRET", "_URL"].iter().any(|word| variable.contains(word));
            let is_file = variable.ends_with("_FILE") && value.as_str().unwrap().starts_with("/run/secrets/");
            assert!(!is_secret || is_file, "{name}: {variable} is told in the clear");
        }
        let secrets: Vec<_> =
            service["secrets"].as_array().into_iter().flatten().map(|secret| secret["source"].to_string()).collect();
        for (component, other) in [("api", "worker"), ("worker", "api")] {
            let is_host = name.starts_with(component);
            assert!(
                !is_host || !secrets.iter().any(|secret| secret.contains(other) || secret.contains("owner")),
                "{name}: {secrets:?}"
            );
        }
    }
}

#[test]
fn each_image_is_of_one_version() {
    let Some(composed) = composed() else { return };

    for (name, service) in services(&composed) {
        let image = service["image"].as_str().unwrap();
        let version = image.rsplit_once(':').unwrap_or_else(|| panic!("{name}: {image} has no version")).1;
        let is_ours = image.starts_with("stagemark-contest-");
        assert!(is_ours || version.chars().filter(|c| *c == '.').count() >= 1, "{name}: {image}");
    }
}

fn dockerfiles() -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join("deploy/docker")).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|extension| extension == "Dockerfile"));
    files.map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn hadolint_finds_nothing_in_the_files_of_images() {
    HADOLINT.install().unwrap();
    let files = dockerfiles();
    assert_eq!(files.len(), 3);

    succeeds(Command::new(HADOLINT.program()).arg("--failure-threshold=info").args(files.iter().map(|(path, _)| path)));
}

#[test]
fn images_are_built_in_stages_with_caches_and_run_as_nobody_of_note() {
    for (path, text) in dockerfiles() {
        assert!(text.contains("AS build") && text.contains("--mount=type=cache"), "{path}");
        assert!(text.contains("HEALTHCHECK") && !text.contains("USER root") && !text.contains(":latest"), "{path}");
        let last = text.rsplit("\nFROM ").next().unwrap();
        let is_unprivileged = last.contains("\nUSER 1000") || last.starts_with("nginxinc/nginx-unprivileged:");
        assert!(is_unprivileged, "{path}");
    }
}

#[test]
fn what_images_copy_is_there_and_not_left_out() {
    let ignored = fs::read_to_string(root().join(".dockerignore")).unwrap();
    for (path, text) in dockerfiles() {
        for line in text.lines().filter(|line| line.starts_with("COPY") && !line.contains("--from=")) {
            let sources: Vec<_> = line.split(' ').skip(1).filter(|word| !word.starts_with("--")).collect();
            for source in sources[..sources.len() - 1].iter().filter(|source| **source != ".") {
                let top = Path::new(source).components().next().unwrap().as_os_str().to_string_lossy().into_owned();
                assert!(ignored.lines().any(|line| line == format!("!{top}/")), "{path}: {source} is left out");
            }
        }
    }
    for folder in
        fs::read_to_string(root().join("Cargo.toml")).unwrap().lines().filter_map(|line| line.trim().strip_prefix('"'))
    {
        let Some((member, _)) = folder.split_once('"') else { continue };
        let top = member.split('/').next().unwrap();
        assert!(ignored.lines().any(|line| line == format!("!{top}/")), "{member} of the workspace is left out");
    }
}

#[test]
fn a_healthy_page_is_told_from_one_that_is_not() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let serving = thread::spawn(move || {
        for status in ["200 OK", "503 Service Unavailable"] {
            let (mut stream, _) = listener.accept().unwrap();
            let request = BufReader::new(&stream).lines().map(Result::unwrap).take_while(|line| !line.is_empty());
            assert_eq!(request.collect::<Vec<_>>()[0], "GET /livez HTTP/1.0");
            write!(stream, "HTTP/1.0 {status}\r\n\r\n").unwrap();
        }
    });
    let ask = || Command::new(root().join("deploy/docker/healthy.sh")).args([&port, "/livez"]).status().unwrap();

    let (well, ill) = (ask(), ask());
    serving.join().unwrap();

    assert!(well.success() && !ill.success());
    assert!(!ask().success(), "nobody listens");
}
