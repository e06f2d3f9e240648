//! The names of settings: in a file, and in the environment.

/// A setting of a program, by its name in a settings file and the variable of the environment that comes before it.
///
/// ```
/// use stagemark_worker::{Environment, Key, Source};
///
/// const GREETING: Key = Key::plain("greeting", "SHOP_GREETING");
/// let environment = Environment::from([("SHOP_GREETING", "hello")]);
/// let source = Source::open(None, &environment, &[GREETING])?;
/// assert_eq!(source.get("greeting")?.unwrap().text(), "hello");
/// # Ok::<(), stagemark_worker::SettingsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub(super) name: &'static str,
    pub(super) variable: &'static str,
    pub(super) may_be_in_a_file: bool,
}

impl Key {
    /// A setting whose value may be seen by whoever sees the settings.
    pub const fn plain(name: &'static str, variable: &'static str) -> Self {
        Self { name, variable, may_be_in_a_file: false }
    }

    /// A setting that may stand in a file of its own (`..._file`, `..._FILE`), as secrets should.
    pub const fn secret(name: &'static str, variable: &'static str) -> Self {
        Self { name, variable, may_be_in_a_file: true }
    }

    /// The name in a settings file.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The variable.
    pub const fn variable(&self) -> &'static str {
        self.variable
    }
}

/// What every worker can be told.
const KEYS: &[Key] = &[
    Key::secret("database_url", "DATABASE_URL"),
    Key::secret("amqp_url", "AMQP_URL"),
    Key::secret("redis_url", "REDIS_URL"),
    Key::plain("artifacts_folder", "STAGEMARK_ARTIFACTS_FOLDER"),
    Key::plain("s3_endpoint", "S3_ENDPOINT"),
    Key::plain("s3_bucket", "S3_BUCKET"),
    Key::plain("s3_region", "AWS_REGION"),
    Key::secret("s3_access_key_id", "AWS_ACCESS_KEY_ID"),
    Key::secret("s3_secret_access_key", "AWS_SECRET_ACCESS_KEY"),
    Key::secret("otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    Key::plain("pools", "STAGEMARK_POOLS"),
    Key::plain("slots", "STAGEMARK_SLOTS"),
    Key::plain("slots_of", "STAGEMARK_SLOTS_OF"),
    Key::plain("fusion", "STAGEMARK_FUSION"),
    Key::plain("lease_s", "STAGEMARK_LEASE_S"),
    Key::plain("poll_ms", "STAGEMARK_POLL_MS"),
    Key::plain("grace_s", "STAGEMARK_GRACE_S"),
    Key::plain("scratch_folder", "STAGEMARK_SCRATCH_FOLDER"),
    Key::plain("local_cache_bytes", "STAGEMARK_LOCAL_CACHE_BYTES"),
    Key::plain("listen", "STAGEMARK_LISTEN"),
    Key::plain("log", "STAGEMARK_LOG"),
];

/// The settings of a program: those of a worker, and its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys<'a>(pub(super) &'a [Key]);

impl Keys<'_> {
    /// The setting of this name.
    pub(super) fn find(self, name: &str) -> Option<Key> {
        KEYS.iter().chain(self.0).find(|key| key.name == name).copied()
    }

    /// Whether a settings file may have this name.
    pub(super) fn is_known(self, name: &str) -> bool {
        let by_file = name.strip_suffix("_file").and_then(|name| self.find(name));
        by_file.is_some_and(|key| key.may_be_in_a_file) || self.find(name).is_some()
    }
}

#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    KEYS.iter().map(|key| (key.name, key.variable))
}
