//! What the API is told from outside, beside what every host of an engine is told.

mod read;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use secrecy::SecretString;
use stagemark_contest_ranking::Weights;
use url::Url;

use crate::Rates;

pub use read::KEYS;

/// The API's own settings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContestSettings {
    /// Where the page is seen from: scheme, host and port. With `https` cookies are sent over that alone.
    pub public_origin: Url,
    /// What access tokens are signed with; the same on all hosts.
    pub token_secret: SecretString,
    /// How large an upload may be.
    pub upload_bytes_max: u64,
    /// From where the page loads videos and sends uploads to, if not from here: the artifact store as browsers see it.
    pub store_origin: Option<Url>,
    /// The folder of the page's files, where they are served from here.
    pub web_folder: Option<PathBuf>,
    /// The name and the password of an admin, who is made at the start where there is none of that name.
    pub admin: Option<(String, SecretString)>,
    /// Whose word is taken for the address of a client (`X-Forwarded-For`): the proxies in front.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// How often somebody may ask.
    pub rates: Rates,
    /// What counts how much; the same on all hosts, API and worker.
    pub weights: Weights,
    /// Where the API is served.
    pub listen: SocketAddr,
    /// How long a request may take, from its first byte to the head of its answer.
    pub request_timeout: Duration,
    /// How many connections are served at a time; others wait.
    pub connections_max: usize,
}

impl ContestSettings {
    /// Settings with all that has a default.
    ///
    /// ```
    /// use stagemark_contest_api::ContestSettings;
    ///
    /// let settings = ContestSettings::new("http://localhost:8080".parse().unwrap(), "a secret of many letters".into());
    /// assert_eq!(settings.upload_bytes_max, 512 << 20);
    /// ```
    pub fn new(public_origin: Url, token_secret: SecretString) -> Self {
        Self {
            public_origin,
            token_secret,
            upload_bytes_max: 512 << 20,
            store_origin: None,
            web_folder: None,
            admin: None,
            trusted_proxies: Vec::new(),
            rates: Rates::default(),
            weights: Weights::default(),
            listen: ([127, 0, 0, 1], 8080).into(),
            request_timeout: Duration::from_secs(15),
            connections_max: 4_096,
        }
    }

    /// Whether browsers come by HTTPS alone.
    pub fn is_https(&self) -> bool {
        self.public_origin.scheme() == "https"
    }
}
