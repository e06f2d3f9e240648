//! The names of settings: in a file, and in the environment.

/// The name in a file, the variable, and whether it may stand in a file of its own (`..._file`, `..._FILE`), as secrets
/// should.
const KEYS: &[(&str, &str, bool)] = &[
    ("database_url", "DATABASE_URL", true),
    ("amqp_url", "AMQP_URL", true),
    ("redis_url", "REDIS_URL", true),
    ("artifacts_folder", "STAGEMARK_ARTIFACTS_FOLDER", false),
    ("s3_endpoint", "S3_ENDPOINT", false),
    ("s3_bucket", "S3_BUCKET", false),
    ("s3_region", "AWS_REGION", false),
    ("s3_access_key_id", "AWS_ACCESS_KEY_ID", true),
    ("s3_secret_access_key", "AWS_SECRET_ACCESS_KEY", true),
    ("otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT", true),
    ("pools", "STAGEMARK_POOLS", false),
    ("slots", "STAGEMARK_SLOTS", false),
    ("slots_of", "STAGEMARK_SLOTS_OF", false),
    ("fusion", "STAGEMARK_FUSION", false),
    ("lease_s", "STAGEMARK_LEASE_S", false),
    ("poll_ms", "STAGEMARK_POLL_MS", false),
    ("grace_s", "STAGEMARK_GRACE_S", false),
    ("scratch_folder", "STAGEMARK_SCRATCH_FOLDER", false),
    ("local_cache_bytes", "STAGEMARK_LOCAL_CACHE_BYTES", false),
    ("listen", "STAGEMARK_LISTEN", false),
    ("log", "STAGEMARK_LOG", false),
];

/// The variable of a setting.
pub(super) fn variable(key: &str) -> &'static str {
    let found = KEYS.iter().find(|(known, ..)| *known == key);
    found.map(|(_, variable, _)| *variable).expect("each setting that is asked for is in the table")
}

/// Whether a file may hold the setting, whose name then stands in its place.
pub(super) fn may_be_in_a_file(key: &str) -> bool {
    KEYS.iter().any(|(known, _, by_file)| *known == key && *by_file)
}

/// Whether a settings file may have this name.
pub(super) fn is_known(name: &str) -> bool {
    let by_file = name.strip_suffix("_file").is_some_and(may_be_in_a_file);
    by_file || KEYS.iter().any(|(known, ..)| *known == name)
}

#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    KEYS.iter().map(|(key, variable, _)| (*key, *variable))
}
