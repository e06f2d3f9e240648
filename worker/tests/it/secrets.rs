//! Secrets of the settings are seen nowhere: not in what a host says, and not in what it shows.

use std::{fs, time::Duration};

use tokio::{process::Command, task::JoinSet, time::timeout};

use crate::{contract::HAND_OVER, process::Place};

const MARKER: &str = "Marker-of-a-secret";

/// All that holds a secret, right but for the server that is not there.
const SECRETS: &[(&str, &str)] = &[
    ("AMQP_URL", "amqp://anna:Marker-of-a-secret@127.0.0.1:1"),
    ("REDIS_URL", "redis://:Marker-of-a-secret@127.0.0.1:1"),
    ("DATABASE_URL", "postgres://anna:Marker-of-a-secret@127.0.0.1:1/x"),
    ("S3_ENDPOINT", "http://anna:Marker-of-a-secret@127.0.0.1:1"),
    ("AWS_ACCESS_KEY_ID", "Marker-of-a-secret"),
    ("AWS_SECRET_ACCESS_KEY", "Marker-of-a-secret"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://anna:Marker-of-a-secret@127.0.0.1:1"),
];

/// What a host says until it ends, or for a while: some wait for a server.
async fn said(mut command: Command) -> String {
    let mut child = command.spawn().unwrap();
    let _waits = timeout(Duration::from_secs(2), child.wait()).await;
    // It may have ended.
    let _gone = child.start_kill();
    let output = child.wait_with_output().await.unwrap();
    [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat()
}

/// Alone, and with all others; as they are, garbled, and in a file that holds them.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_start_says_why_without_its_secrets() {
    let place = Place::new();
    let mut hosts = JoinSet::new();
    for (variable, value) in SECRETS {
        let file = format!("{variable}_FILE");
        for value in [(*value).to_owned(), value.replace("://", ":/"), format!("{value}\u{1}[")] {
            for (name, others) in [(*variable, SECRETS), (&file, SECRETS), (*variable, &[]), (&file, &[])] {
                let others = others.iter().filter(|(other, _)| other != variable);
                let mut command = place.command(&others.copied().collect::<Vec<_>>());
                command.env(name, &value).env("STAGEMARK_LOG", "json");
                if name == *variable {
                    hosts.spawn(said(command));
                } else {
                    let secret = tempfile::NamedTempFile::new_in(place.path()).unwrap();
                    fs::write(&secret, &value).unwrap();
                    let mut by_file = place.command(&[]);
                    by_file.env_remove("DATABASE_URL").env(name, secret.path());
                    hosts.spawn(said(command));
                    hosts.spawn(async move {
                        let said = said(by_file).await;
                        drop(secret);
                        said
                    });
                }
            }
        }
    }
    let settings = place.path().join("worker.toml");
    fs::write(&settings, format!("amqp_url = \"amqp://a:{MARKER}@b\nslots = {MARKER}")).unwrap();
    hosts.spawn(said(place.command(&[("STAGEMARK_CONFIG", settings.to_str().unwrap())])));

    let all = hosts.join_all().await;

    for said in &all {
        assert!(!said.contains(MARKER), "{said}");
    }
    let refused = all.iter().filter(|said| said.contains("the settings cannot be used")).count();
    assert!(refused > SECRETS.len(), "only {refused} of {} were refused", all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_at_work_shows_no_secret() {
    let place = Place::new();
    let variables = [
        #[cfg(feature = "otel")]
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://anna:Marker-of-a-secret@127.0.0.1:1"),
        ("STAGEMARK_POOLS", "default,far"),
        ("RUST_LOG", "trace"),
    ];
    let (client, host) = (place.client().await, place.host(&variables).await);
    client.submit(HAND_OVER, "hello".to_owned()).await.unwrap().result().await.unwrap();

    let mut shown = String::new();
    for path in ["/livez", "/readyz", "/metrics"] {
        shown += &host.page(path).await.1;
    }
    host.signal("TERM");
    let (status, log) = host.ended().await;

    assert!(status.success(), "{status}");
    #[cfg(feature = "otel")]
    assert!(log.contains("spans are not taken, and dropped"), "{log}");
    shown += &log;
    assert!(!shown.contains(MARKER), "{}", shown.lines().find(|line| line.contains(MARKER)).unwrap_or_default());
}
