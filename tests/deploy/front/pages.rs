//! The pages of the app, and how they are kept by browsers.

use std::{collections::BTreeSet, fs};

use reqwest::{StatusCode, Version};

use super::{Fixture, INDEX, header, only};
use crate::root;

/// What a policy that stands in this file allows, without the origin of a store.
fn policy(file: &str, store: &str) -> BTreeSet<Vec<String>> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let policy = text.split("\"default-src 'self'").nth(1).unwrap().split('"').next().unwrap();
    let policy = format!("default-src 'self'{policy}").replace(store, " ").replace('\\', " ");
    let words = |directive: &str| {
        let mut words: Vec<_> = directive.split_whitespace().map(str::to_owned).collect();
        words.sort();
        words
    };
    policy.split(';').map(words).collect()
}

#[test]
fn pages_have_the_same_policy_from_the_front_as_from_an_api_host() {
    let front = policy("deploy/nginx/nginx.conf.template", "${FRONT_STORE_ORIGIN}");

    assert_eq!(front, policy("examples/showcase/api/src/headers.rs", "{store}"));
    assert_eq!(front.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_served_by_http_2_with_every_header_once() {
    let site = Fixture::start().await;

    let page = site.get("/").await;

    assert_eq!((page.status(), page.version()), (StatusCode::OK, Version::HTTP_2));
    assert!(only(&page, "strict-transport-security").starts_with("max-age=63072000"));
    assert!(only(&page, "content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(only(&page, "x-content-type-options"), "nosniff");
    assert_eq!(only(&page, "referrer-policy"), "strict-origin-when-cross-origin");
    assert_eq!(only(&page, "server"), "nginx", "the version is nobody's business");
    assert_eq!(page.text().await.unwrap(), INDEX);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_asked_for_anew_and_what_it_names_is_kept() {
    let site = Fixture::start().await;

    let (page, asset, icon) =
        (site.get("/index.html").await, site.get("/assets/app-4f2a.js").await, site.get("/favicon.svg").await);

    assert_eq!(only(&page, "cache-control"), "no-cache");
    assert_eq!(only(&asset, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(only(&icon, "cache-control"), "no-cache");
    assert_eq!(only(&icon, "content-type"), "image/svg+xml");
    assert!(!header(&page, "etag").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_the_app_is_its_page() {
    let site = Fixture::start().await;

    let page = site.get("/v/0198-a-video?from=link").await;

    assert_eq!((page.status(), only(&page, "cache-control")), (StatusCode::OK, "no-cache"));
    assert_eq!(page.text().await.unwrap(), INDEX);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_kept() {
    let site = Fixture::start().await;

    let gone = site.get("/assets/app-0000.js").await;

    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    assert_eq!(header(&gone, "cache-control"), "");
    assert!(only(&gone, "content-security-policy").contains("default-src 'self'"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_compressed_when_it_was_built_is_sent_so() {
    let site = Fixture::start().await;
    fs::write(site.folder.path().join("pages/assets/app-4f2a.js.gz"), "pretend").unwrap();

    let asset =
        site.client.get(site.url("/assets/app-4f2a.js")).header("accept-encoding", "gzip").send().await.unwrap();

    assert_eq!(header(&asset, "content-encoding"), "gzip");
    assert_eq!(asset.bytes().await.unwrap(), "pretend");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_leads_to_this_site_alone() {
    let site = Fixture::start().await;

    let request = site.client.get(format!("{}/v/1?a=b", site.front.plain_url()));
    let answer = request.header("host", "evil.example").send().await.unwrap();

    assert_eq!(answer.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(header(&answer, "location"), site.url("/v/1?a=b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_another_site_is_sent_away() {
    let site = Fixture::start().await;

    let answer = site.old_client.get(site.url("/api/echo")).header("host", "evil.example").send().await.unwrap();

    assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_of_the_hosts_are_not_for_the_world() {
    let site = Fixture::start().await;

    for page in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(site.get(page).await.status(), StatusCode::NOT_FOUND, "{page}");
    }
}
