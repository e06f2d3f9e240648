//! A front lives as long as it should.

use std::{net::TcpListener, process::Command};

use reqwest::StatusCode;
use stagemark_services::{Front, Site, free_ports};

use super::{Fixture, INDEX};

#[tokio::test(flavor = "multi_thread")]
async fn a_front_stops_and_comes_back_where_it_was() {
    let site = Fixture::start().await;
    let url = site.front.url();

    site.front.stop().unwrap();
    assert!(site.client.get(&url).send().await.is_err());

    site.front.start_again().unwrap();
    assert_eq!((site.front.url(), site.get("/").await.status()), (url, StatusCode::OK));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_that_was_brought_up_serves_what_it_is_told_anew() {
    let site = Fixture::start().await;
    let (folder, pages) = (tempfile::tempdir().unwrap(), site.folder.path().join("pages"));
    let told = Site::new(&pages, site.pair.clone()).api(site.hosts[0].address);
    let first = Front::up_serving(folder.path(), &told).unwrap().url();
    std::fs::write(pages.join("index.html"), "another").unwrap();

    let again = Front::up_serving(folder.path(), &told.requests_max(1, 1)).unwrap();

    let page = site.client.get(&first).send().await.unwrap().text().await.unwrap();
    again.stop().unwrap();
    assert_eq!((again.url(), page.as_str()), (first, "another"));
    assert_ne!(page, INDEX);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_has_the_port_that_was_asked_for_or_is_not_there() {
    let site = Fixture::start().await;
    let (folder, port) = (tempfile::tempdir().unwrap(), free_ports(1).unwrap()[0]);
    let told = Site::new(site.folder.path().join("pages"), site.pair.clone()).api(site.hosts[0].address).port(port);

    let front = Front::up_serving(folder.path(), &told).unwrap();
    front.stop().unwrap();
    let _other = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let refused = Front::up_serving(folder.path(), &told).unwrap_err().to_string();

    assert_eq!(front.address().port(), port);
    assert!(refused.contains(&format!("127.0.0.1:{port}")), "{refused}");
}

/// As its configuration is read before a new one is put in place.
#[tokio::test(flavor = "multi_thread")]
async fn nginx_finds_nothing_wrong_with_the_configuration() {
    let site = Fixture::start().await;
    let configuration = site.front.place().folder().join("nginx.conf");

    let nginx = Command::new("nginx").args(["-t", "-e", "stderr", "-c"]).arg(configuration).output().unwrap();

    let said = String::from_utf8_lossy(&nginx.stderr);
    assert!(nginx.status.success() && !said.contains("[warn]") && !said.contains("[emerg]"), "{said}");
}

#[test]
fn a_front_says_its_version() {
    let version = Front::version().unwrap();

    assert!(version.contains('.'), "{version}");
}
