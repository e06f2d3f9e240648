//! The front, by HTTPS, with small API hosts behind it.

mod life;
mod limits;
mod pages;
mod passing;
mod store;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use reqwest::{Certificate, Client, ClientBuilder, StatusCode, redirect::Policy};
use stagemark_services::{Front, Pair, Site};
use tempfile::TempDir;

use crate::upstream::Upstream;

const INDEX: &str = "<!doctype html><title>The app</title>";

/// A front with two API hosts, and a client that trusts it.
struct Fixture {
    front: Front,
    hosts: [Upstream; 2],
    client: Client,
    /// One that speaks no HTTP/2.
    old_client: Client,
    pair: Pair,
    folder: TempDir,
}

impl Fixture {
    async fn start() -> Self {
        Self::with(|site| site).await
    }

    /// Starts one that serves something more, or less.
    async fn with(change: impl FnOnce(Site) -> Site) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pages = pages_in(folder.path());
        let pair = Pair::self_signed(&folder.path().join("tls"), &["localhost", "127.0.0.1"]).unwrap();
        let hosts = [Upstream::start("one").await, Upstream::start("two").await];
        let site = Site::new(pages, pair.clone()).api(hosts[0].address).api(hosts[1].address);
        let site = change(site);
        let front = tokio::task::spawn_blocking(move || Front::serving(&site)).await.unwrap().unwrap();
        let client = trusting(&pair).build().unwrap();
        let old_client = trusting(&pair).http1_only().build().unwrap();
        Self { front, hosts, client, old_client, pair, folder }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.front.url())
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    /// What an API host says that it was asked.
    async fn echo(&self, request: reqwest::RequestBuilder) -> serde_json::Value {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }
}

/// A client for this certificate alone, which follows nothing by itself.
fn trusting(pair: &Pair) -> ClientBuilder {
    let certificate = Certificate::from_pem(&fs::read(&pair.certificate).unwrap()).unwrap();
    let client = Client::builder().tls_certs_only([certificate]).redirect(Policy::none()).no_proxy();
    client.resolve("localhost", ([127, 0, 0, 1], 0).into())
}

/// A web app as it is built: everybody may read it.
fn pages_in(folder: &Path) -> std::path::PathBuf {
    let pages = folder.join("pages");
    fs::create_dir_all(pages.join("assets")).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(pages.join("index.html"), INDEX).unwrap();
    fs::write(pages.join("favicon.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
    fs::write(pages.join("assets/app-4f2a.js"), "export {};".repeat(500)).unwrap();
    pages
}

fn header<'a>(answer: &'a reqwest::Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The one value of a header that must not be there twice.
fn only<'a>(answer: &'a reqwest::Response, name: &str) -> &'a str {
    let values: Vec<_> = answer.headers().get_all(name).iter().collect();
    assert_eq!(values.len(), 1, "{name}: {values:?}");
    values[0].to_str().unwrap()
}
