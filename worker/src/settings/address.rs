//! The address of a server, which may hold a password.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// The URL of a server. Shown, it tells the scheme and the host, and never a user, a password or an option.
///
/// ```
/// use stagemark_worker::Address;
///
/// let address = Address::new("postgres://anna:hunter2@db.example:5432/runs?sslmode=require");
/// assert_eq!(address.to_string(), "postgres://db.example:5432");
/// ```
#[derive(Clone)]
pub struct Address(SecretString);

impl Address {
    /// An address from its text; whether it is one shows when it is used.
    pub fn new(url: impl Into<String>) -> Self {
        Self(SecretString::from(url.into()))
    }

    /// The whole text, for the one who connects: it is a secret, and must not be shown.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What stands before the first colon.
    pub fn scheme(&self) -> &str {
        self.expose().split_once(':').map_or("", |(scheme, _)| scheme)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.expose();
        // A file has no password, and a name that says which one it is.
        if let Some(file) = text.strip_prefix("sqlite:") {
            return write!(f, "sqlite:{}", file.split(['?', '#']).next().unwrap_or_default());
        }
        let Ok(url) = Url::parse(text) else { return f.write_str("(an address that is no URL)") };
        // A password with a slash in it ends the host for a parser, so that what looks like the host is a part of it.
        let host = url.host_str().filter(|_| !url.path().contains('@') && !text.contains(['#', '\\']));
        match (host, url.port()) {
            (Some(host), Some(port)) => write!(f, "{}://{host}:{port}", url.scheme()),
            (Some(host), None) => write!(f, "{}://{host}", url.scheme()),
            (None, _) => write!(f, "{}://(hidden)", url.scheme()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn what_is_shown_holds_no_secret() {
        let shown = |text: &str| format!("{0} {0:?}", Address::new(text));
        let secret = [
            "postgres://anna:hunter2@db/runs",
            "postgres://hunter2@db/runs",
            "postgres://db/runs?password=hunter2",
            "postgres://anna:99/hunter2@db/runs",
            "postgres://anna:hun#ter2hunter2@db/runs",
            "postgres://anna:hunter2\\@db/runs",
            "redis://:hunter2@127.0.0.1:6379/0",
            "amqps://a:hunter2@[::1]:5671/%2f",
            "hunter2",
            "http://x y/hunter2",
            "sqlite://a.db?key=hunter2",
        ];
        for text in secret {
            let shown = shown(text);
            assert!(!shown.contains("hunter2") && !shown.contains("99"), "{text} is shown as {shown}");
        }
    }

    #[test]
    fn what_is_shown_tells_which_server_it_is() {
        assert_eq!(Address::new("redis://:x@10.0.0.7:6379/0").to_string(), "redis://10.0.0.7:6379");
        assert_eq!(Address::new("amqp://x:y@mq").to_string(), "amqp://mq");
        assert_eq!(
            Address::new("sqlite:///var/lib/stagemark.db?mode=rwc").to_string(),
            "sqlite:///var/lib/stagemark.db"
        );
    }
}
