//! What a front serves, as its configuration is told.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::{Pair, error::ServiceError, place::Place};

const TEMPLATE: &str = include_str!("../../../deploy/nginx/nginx.conf.template");
/// More than any person asks for, and any test.
const REQUESTS_PER_S: u32 = 100_000;

/// What a [`Front`](crate::Front) serves: pages, API hosts, and a store.
///
/// ```
/// use std::path::Path;
/// use stagemark_services::{Pair, Site};
///
/// let site = Site::new("web/dist", Pair::within(Path::new("tls")))
///     .api("127.0.0.1:8081".parse()?)
///     .api("127.0.0.1:8082".parse()?)
///     .store("127.0.0.1:8333".parse()?, "media");
/// # drop(site); Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Site {
    pages: PathBuf,
    pub(crate) pair: Pair,
    pub(crate) port: Option<u16>,
    apis: Vec<SocketAddr>,
    store: Option<(SocketAddr, String)>,
    upload_bytes_max: u64,
    requests_per_s: u32,
    requests_burst: u32,
    connections_max: u32,
}

impl Site {
    /// One of these pages, a folder that everybody may read, behind this certificate.
    pub fn new(pages: impl Into<PathBuf>, pair: Pair) -> Self {
        Self {
            pages: pages.into(),
            pair,
            port: None,
            apis: Vec::new(),
            store: None,
            upload_bytes_max: 512 << 20,
            requests_per_s: REQUESTS_PER_S,
            requests_burst: REQUESTS_PER_S,
            connections_max: 60_000,
        }
    }

    /// On this port of 127.0.0.1 and no other (default: one that is free, and the same when the front comes back).
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// With one more API host.
    pub fn api(mut self, host: SocketAddr) -> Self {
        self.apis.push(host);
        self
    }

    /// With a bucket of this store below `/BUCKET/`, for signed URLs.
    pub fn store(mut self, host: SocketAddr, bucket: &str) -> Self {
        self.store = Some((host, bucket.to_owned()));
        self
    }

    /// Uploads may have so many bytes (default 512 MiB).
    pub fn upload_bytes_max(mut self, bytes: u64) -> Self {
        self.upload_bytes_max = bytes;
        self
    }

    /// An address may send so many requests a second to the API, and so many more at once (default: 100,000 of each).
    pub fn requests_max(mut self, per_s: u32, burst: u32) -> Self {
        (self.requests_per_s, self.requests_burst) = (per_s, burst);
        self
    }

    /// An address may have so many requests under way (default 60,000).
    pub fn connections_max(mut self, connections: u32) -> Self {
        self.connections_max = connections;
        self
    }

    /// What nginx is to read, but for where it lives.
    pub(crate) fn configuration(&self) -> Result<String, ServiceError> {
        if self.apis.is_empty() {
            return Err(ServiceError::command("configuring nginx", "a site needs an API host"));
        }
        let apis = self.apis.iter().map(|host| format!("server {host} max_fails=2 fail_timeout=1s;"));
        let apis: Vec<String> = apis.collect();
        let (store, bucket) = match &self.store {
            Some((host, bucket)) => (format!("server {host};"), bucket.as_str()),
            None => ("server 127.0.0.1:9 down;".to_owned(), "no-bucket"),
        };
        let pages = self.pages.canonicalize().map_err(|error| {
            ServiceError::command("finding the pages of a site", &format!("{}: {error}", self.pages.display()))
        })?;
        let values = [
            ("WORKERS", "2".to_owned()),
            ("NAMES", "localhost 127.0.0.1".to_owned()),
            ("PAGES", quotable(&pages)?),
            ("APIS", apis.join(" ")),
            ("STORES", store),
            ("BUCKET", bucket.to_owned()),
            ("STORE_ORIGIN", "'self'".to_owned()),
            ("UPLOAD_MAX", self.upload_bytes_max.to_string()),
            ("REQUESTS_PER_S", self.requests_per_s.to_string()),
            ("REQUESTS_BURST", self.requests_burst.to_string()),
            ("CONNECTIONS_MAX", self.connections_max.to_string()),
        ];
        Ok(filled(TEMPLATE, &values))
    }
}

/// A configuration with what is known once the ports are: this file alone is read by nginx.
pub(crate) fn settled(configuration: &str, place: &Place) -> Result<String, ServiceError> {
    let pair = Pair::within(place.folder());
    let values = [
        ("RUN", quotable(&place.file("run"))?),
        ("ACCESS_LOG", quotable(&place.file("run/access.log"))?),
        ("HTTPS_PORT", place.address().to_string()),
        ("HTTP_PORT", format!("127.0.0.1:{}", place.port(1))),
        ("ORIGIN", format!("https://localhost:{}", place.port(0))),
        ("CERTIFICATE_KEY", quotable(&pair.key)?),
        ("CERTIFICATE", quotable(&pair.certificate)?),
        ("ACME", quotable(&place.file("acme"))?),
    ];
    let settled = filled(configuration, &values);
    match settled.lines().find(|line| line.contains("${FRONT_")) {
        Some(line) => Err(ServiceError::command("configuring nginx", &format!("nothing fills in {}", line.trim()))),
        None => Ok(settled),
    }
}

fn filled(text: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{FRONT_{name}}}"), value))
}

/// A path as nginx takes it in quotes: whatever is in it, but for what would end them, or begin a variable.
fn quotable(path: &Path) -> Result<String, ServiceError> {
    match path.to_str() {
        Some(text) if !text.contains(['"', '\\', '$', '\n', ';', '{', '}']) => Ok(text.to_owned()),
        _ => Err(ServiceError::command("configuring nginx", &format!("it cannot be told the path {}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site::new("/", Pair::within(Path::new("/tls"))).api(([127, 0, 0, 1], 81).into())
    }

    #[test]
    fn each_api_host_is_told() {
        let told = site().api(([127, 0, 0, 1], 82).into()).configuration().unwrap();

        assert!(told.contains("server 127.0.0.1:81 max_fails=2") && told.contains("server 127.0.0.1:82 max_fails=2"));
    }

    #[test]
    fn a_site_without_an_api_host_is_refused() {
        let refused = Site::new("/", Pair::within(Path::new("/tls"))).configuration().unwrap_err();

        assert!(refused.to_string().contains("needs an API host"), "{refused}");
    }

    #[test]
    fn a_path_that_would_end_its_directive_is_refused() {
        for path in ["/a\"b", "/a$host", "/a\\", "/a;b", "/a{b"] {
            assert!(quotable(Path::new(path)).is_err(), "{path}");
        }
        assert_eq!(quotable(Path::new("/a b")).unwrap(), "/a b");
    }

    #[test]
    fn what_is_left_open_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::claim(folder.path(), 2).unwrap();

        let error = settled("root ${FRONT_PAGES};", &place).unwrap_err();

        assert!(error.to_string().contains("root ${FRONT_PAGES};"), "{error}");
    }
}
