//! What settings are taken, refused and never shown.

use std::{fs, path::Path};

use super::{ArtifactPlace, Environment, LogFormat, Settings, keys};

/// What must not be shown. It is a name, a host and a number nowhere.
const MARKER: &str = "Marker-of-a-secret";

fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("worker.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn refusal(text: &str) -> String {
    let (_folder, path) = file(text);
    let error = Settings::read(Some(&path), &Environment::default()).unwrap_err();
    error.to_string().replace(&path.display().to_string(), "FILE")
}

#[test]
fn the_example_file_is_read_whole() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/worker.example.toml");
    let text = fs::read_to_string(&path).unwrap();
    Settings::read(Some(&path), &Environment::default()).unwrap();

    // What stands in a comment is shown, and would be read all the same.
    let shown = text.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
    let shown: Vec<_> = shown.filter(|line| line.contains(" = ") || line.starts_with('[')).collect();
    let shown: toml::Table = shown.join("\n").parse().unwrap();
    assert!(shown.keys().all(|name| keys::Keys(&[]).is_known(name)), "{shown:?}");
    for (key, _) in keys::all() {
        assert!(shown.contains_key(key) || shown.contains_key(&format!("{key}_file")), "{key} is missing");
    }
}

#[test]
fn every_setting_is_in_the_manual() {
    let manual = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operate.md")).unwrap();

    for (key, variable) in keys::all() {
        assert!(manual.contains(&format!("`{key}`")) && manual.contains(&format!("`{variable}`")), "{key}");
    }
}

#[test]
fn a_variable_comes_before_the_file() {
    let (_folder, path) = file("slots = 3\npools = [\"gpu\", \"default\"]\nlog = \"json\"");

    let settings = Settings::read(Some(&path), &Environment::from([("STAGEMARK_SLOTS", "5")])).unwrap();

    assert_eq!((settings.slots, settings.log), (5, LogFormat::Json));
    assert_eq!(settings.pools, ["gpu", "default"]);
}

#[test]
fn what_a_bucket_has_is_kept_on_the_worker_too() {
    const BYTES: &str = "STAGEMARK_LOCAL_CACHE_BYTES";
    let read = |environment: Environment| Settings::read(None, &environment).unwrap().local_cache_bytes;

    assert_eq!(read(Environment::default()), 0);
    assert_eq!(read(Environment::from([("S3_BUCKET", "videos")])), 1 << 30);
    assert_eq!(read(Environment::from([("S3_BUCKET", "videos"), (BYTES, "0")])), 0);
    assert_eq!(read(Environment::from([(BYTES, "5000")])), 5000);
}

#[test]
fn fusion_is_switched_off_by_file_and_by_variable() {
    let (_folder, path) = file("fusion = false");

    let by_file = Settings::read(Some(&path), &Environment::default()).unwrap();
    let by_variable = Settings::read(None, &Environment::from([("STAGEMARK_FUSION", "false")])).unwrap();
    let by_default = Settings::read(None, &Environment::default()).unwrap();

    assert_eq!([by_file, by_variable, by_default].map(|settings| settings.fusion), [false, false, true]);
}

#[test]
fn a_table_of_a_file_and_a_list_of_a_variable_say_the_same() {
    let (_folder, path) = file("[slots_of]\ntranscode = 2\ntrim = 4");

    let by_file = Settings::read(Some(&path), &Environment::default()).unwrap();
    let environment = Environment::from([("STAGEMARK_SLOTS_OF", "transcode=2, trim=4")]);
    let by_variable = Settings::read(None, &environment).unwrap();

    assert_eq!(by_file.slots_of, by_variable.slots_of);
    assert_eq!(by_file.slots_of["trim"], 4);
}

#[test]
fn a_secret_is_read_from_the_file_that_is_named() {
    let (_folder, secret) = file("postgres://anna:hunter2@db/runs\n");
    let named = secret.display().to_string();

    let settings = Settings::read(None, &Environment::from([("DATABASE_URL_FILE", &*named)])).unwrap();

    assert_eq!(settings.database.expose(), "postgres://anna:hunter2@db/runs");
}

#[test]
fn a_secret_that_is_given_twice_is_refused() {
    let environment = Environment::from([("AMQP_URL", "amqp://mq"), ("AMQP_URL_FILE", "/run/secrets/amqp")]);

    let refusal = Settings::read(None, &environment).unwrap_err().to_string();

    assert_eq!(refusal, "AMQP_URL and AMQP_URL_FILE are both set; remove one of them");
}

#[test]
fn what_is_wrong_is_told_with_what_is_right() {
    assert_eq!(refusal("slots = 0"), "slots must be a whole number from 1 to 100000");
    assert_eq!(refusal("slotz = 1"), "slotz in FILE is no setting; docs/operate.md lists them");
    assert_eq!(refusal("slots = 1\nlease_s ="), "line 2 of the settings file FILE is no TOML");
    assert_eq!(refusal("fusion = 1"), "fusion must be true or false");
    assert_eq!(refusal("log = \"xml\""), "log must be human or json");
    assert_eq!(
        refusal("database_url = \"mysql://db\""),
        "database_url must be a URL that begins with sqlite: or postgres:"
    );
    assert_eq!(refusal("s3_endpoint = \"http://s3\""), "S3_ENDPOINT is set, and S3_BUCKET is not; set both");
    assert!(refusal("lease_s = -1").starts_with("lease_s must be a whole number"));
    assert!(refusal("pools = [\"GPU\"]").starts_with("pools must be names"));
    assert!(refusal("listen = \"9464\"").starts_with("listen must be an address with a port"));
}

#[test]
fn a_key_needs_its_id() {
    let environment = Environment::from([("S3_BUCKET", "media"), ("AWS_SECRET_ACCESS_KEY", "hunter2")]);

    let refusal = Settings::read(None, &environment).unwrap_err().to_string();

    assert_eq!(refusal, "AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not; set both");
}

#[test]
fn no_setting_that_is_refused_is_shown() {
    for (key, variable) in keys::all() {
        for value in [MARKER.to_owned(), format!("x://a:{MARKER}@b"), format!("amqp://{MARKER}:x@h y")] {
            let (_folder, path) = file(&format!("{key} = \"{value}\""));
            let by_file = Settings::read(Some(&path), &Environment::default());
            let by_variable = Settings::read(None, &Environment::from([(variable, &*value)]));
            let in_a_file = Settings::read(None, &Environment::from([(&*format!("{variable}_FILE"), &*value)]));
            for read in [by_file, by_variable, in_a_file] {
                // Names of folders, buckets and regions are no secrets.
                if let Err(error) = read {
                    assert!(!format!("{error} {error:?}").contains(MARKER), "{key}: {error:?}");
                }
            }
        }
    }
    for broken in ["database_url = \"postgres://a:SECRET@b", "SECRET", "x = SECRET", "a = 1\na = \"SECRET\"", "[SECRET"]
    {
        let shown = refusal(&broken.replace("SECRET", MARKER));
        assert!(!shown.contains(MARKER), "{shown}");
    }
}

#[test]
fn secrets_of_settings_are_not_shown() {
    let environment = Environment::from([
        ("DATABASE_URL", "postgres://anna:Marker-of-a-secret@db/runs?password=Marker-of-a-secret"),
        ("AMQP_URL", "amqps://anna:Marker-of-a-secret@mq"),
        ("REDIS_URL", "redis://:Marker-of-a-secret@redis"),
        ("S3_ENDPOINT", "http://a:Marker-of-a-secret@s3"),
        ("S3_BUCKET", "media"),
        ("AWS_ACCESS_KEY_ID", "Marker-of-a-secret"),
        ("AWS_SECRET_ACCESS_KEY", "Marker-of-a-secret"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:Marker-of-a-secret@collector"),
    ]);

    let settings = Settings::read(None, &environment).unwrap();

    assert!(matches!(settings.artifacts, ArtifactPlace::S3(_)));
    let shown = format!("{settings:?} {settings:#?} {environment:?}");
    assert!(!shown.contains(MARKER), "{shown}");
    assert!(shown.contains("postgres://db") && shown.contains("media"), "what tells servers apart is shown: {shown}");
}
