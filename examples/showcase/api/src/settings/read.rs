//! Reads the API's settings, from where a worker's come too.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use secrecy::SecretString;
use stagemark_contest_ranking::settings as scores;
use stagemark_worker::{Given, Key, SettingsError, Source};
use url::Url;

use crate::{ContestSettings, Rates};

/// What the API can be told beside what every worker can; `docs/contest.example.toml` explains each.
pub const KEYS: &[Key] = &[
    Key::plain("public_origin", "CONTEST_PUBLIC_ORIGIN"),
    Key::plain("api_listen", "CONTEST_API_LISTEN"),
    Key::secret("token_secret", "CONTEST_TOKEN_SECRET"),
    Key::plain("admin_name", "CONTEST_ADMIN_NAME"),
    Key::secret("admin_password", "CONTEST_ADMIN_PASSWORD"),
    Key::plain("upload_bytes_max", "CONTEST_UPLOAD_BYTES_MAX"),
    Key::plain("store_origin", "CONTEST_STORE_ORIGIN"),
    Key::plain("web_folder", "CONTEST_WEB_FOLDER"),
    Key::plain("trusted_proxies", "CONTEST_TRUSTED_PROXIES"),
    Key::plain("request_timeout_ms", "CONTEST_REQUEST_TIMEOUT_MS"),
    Key::plain("connections_max", "CONTEST_CONNECTIONS_MAX"),
    Key::plain("sign_in_by_name_a_minute", "CONTEST_SIGN_IN_BY_NAME_A_MINUTE"),
    Key::plain("sign_in_by_address_a_minute", "CONTEST_SIGN_IN_BY_ADDRESS_A_MINUTE"),
    Key::plain("sign_up_by_address_a_minute", "CONTEST_SIGN_UP_BY_ADDRESS_A_MINUTE"),
    Key::plain("refresh_by_address_a_minute", "CONTEST_REFRESH_BY_ADDRESS_A_MINUTE"),
    Key::plain("write_by_player_a_minute", "CONTEST_WRITE_BY_PLAYER_A_MINUTE"),
    Key::plain("events_by_address_a_minute", "CONTEST_EVENTS_BY_ADDRESS_A_MINUTE"),
    scores::KEYS[0],
    scores::KEYS[1],
    scores::KEYS[2],
    scores::KEYS[3],
];

const ORIGIN: &str = "an origin, such as https://contest.example, without a path";
const ADDRESS: &str = "an address with a port, such as 127.0.0.1:8080";
const NETWORKS: &str = "addresses or networks, such as 10.0.0.0/8, with commas between them";

impl ContestSettings {
    /// The API's settings in a source that was opened with [`KEYS`].
    ///
    /// # Errors
    /// If one that is needed is missing, or one is not what it must be; no value is shown.
    pub fn of(source: &Source<'_>) -> Result<Self, SettingsError> {
        let needed = |name| source.get(name)?.ok_or(SettingsError::Missing { name });
        let secret = SecretString::from(needed("token_secret")?.text());
        let mut settings = Self::new(origin(&needed("public_origin")?)?, secret);
        settings.store_origin = source.get("store_origin")?.map(|given| origin(&given)).transpose()?;
        settings.web_folder = source.get("web_folder")?.map(|given| given.text().into());
        settings.admin = admin(source)?;
        if let Some(given) = source.get("api_listen")? {
            settings.listen = given.parse::<SocketAddr>(ADDRESS)?;
        }
        if let Some(given) = source.get("trusted_proxies")? {
            settings.trusted_proxies = networks(&given)?;
        }
        settings.upload_bytes_max = whole(source, "upload_bytes_max", settings.upload_bytes_max)?.max(1);
        settings.request_timeout = std::time::Duration::from_millis(whole(source, "request_timeout_ms", 15_000)?);
        settings.connections_max = whole(source, "connections_max", settings.connections_max)?;
        settings.rates = rates(source)?;
        settings.weights = scores::weights(source)?;
        Ok(settings)
    }
}

fn origin(given: &Given) -> Result<Url, SettingsError> {
    let url: Url = given.parse(ORIGIN)?;
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if is_origin { Ok(url) } else { Err(given.invalid(ORIGIN)) }
}

fn admin(source: &Source<'_>) -> Result<Option<(String, SecretString)>, SettingsError> {
    match (source.get("admin_name")?, source.get("admin_password")?) {
        (Some(name), Some(password)) => Ok(Some((name.text().trim().to_owned(), SecretString::from(password.text())))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(SettingsError::Alone { name: "admin_name", needs: "admin_password" }),
        (None, Some(_)) => Err(SettingsError::Alone { name: "admin_password", needs: "admin_name" }),
    }
}

fn networks(given: &Given) -> Result<Vec<IpNet>, SettingsError> {
    let one = |text: &str| match text.parse() {
        Ok(network) => Ok(network),
        Err(_) => text.parse::<IpAddr>().map(IpNet::from).map_err(|_| given.invalid(NETWORKS)),
    };
    given.text().split(',').map(str::trim).filter(|text| !text.is_empty()).map(one).collect()
}

fn rates(source: &Source<'_>) -> Result<Rates, SettingsError> {
    let usual = Rates::default();
    let rate = |name, usual| whole(source, name, usual);
    Ok(Rates {
        sign_in_by_name: rate("sign_in_by_name_a_minute", usual.sign_in_by_name)?,
        sign_in_by_address: rate("sign_in_by_address_a_minute", usual.sign_in_by_address)?,
        sign_up_by_address: rate("sign_up_by_address_a_minute", usual.sign_up_by_address)?,
        refresh_by_address: rate("refresh_by_address_a_minute", usual.refresh_by_address)?,
        write_by_player: rate("write_by_player_a_minute", usual.write_by_player)?,
        events_by_address: rate("events_by_address_a_minute", usual.events_by_address)?,
    })
}

fn whole<T: std::str::FromStr>(source: &Source<'_>, name: &str, usual: T) -> Result<T, SettingsError> {
    source.get(name)?.map_or(Ok(usual), |given| given.parse("a whole number"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use stagemark_worker::{Environment, Settings};

    use super::*;

    const ENOUGH: [(&str, &str); 2] =
        [("CONTEST_PUBLIC_ORIGIN", "https://contest.example"), ("CONTEST_TOKEN_SECRET", "Marker-of-a-secret")];

    fn with(variable: &str, value: &str) -> Result<ContestSettings, SettingsError> {
        let environment = Environment::from([ENOUGH[0], ENOUGH[1], (variable, value)]);
        ContestSettings::of(&Source::open(None, &environment, KEYS)?)
    }

    #[test]
    fn the_example_file_is_read_whole() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/contest.example.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let environment = Environment::from([("CONTEST_TOKEN_SECRET", "x")]);
        let source = Source::open(Some(&path), &environment, KEYS).unwrap();
        Settings::of(&source).unwrap();
        ContestSettings::of(&source).unwrap();

        // What stands in a comment is shown, and would be read all the same.
        let shown = text.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
        let shown: Vec<_> = shown.filter(|line| line.contains(" = ")).collect();
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("whole.toml");
        std::fs::write(&whole, shown.join("\n")).unwrap();
        Source::open(Some(&whole), &Environment::default(), KEYS).unwrap();
        for key in KEYS {
            let name = key.name();
            let has = |name: &str| shown.iter().any(|line| line.starts_with(&format!("{name} = ")));
            assert!(has(name) || has(&format!("{name}_file")), "{name} is missing");
            assert!(text.contains(key.variable()), "{} is missing", key.variable());
        }
    }

    #[test]
    fn what_the_api_needs_is_asked_for_by_name() {
        let nothing = Environment::default();
        let error = ContestSettings::of(&Source::open(None, &nothing, KEYS).unwrap()).unwrap_err();

        assert_eq!(error.to_string(), "token_secret is not set, and is needed");
    }

    #[test]
    fn what_is_wrong_is_told_without_the_value() {
        for (variable, value) in [
            ("CONTEST_STORE_ORIGIN", "https://a:Marker-of-a-secret@store/bucket"),
            ("CONTEST_API_LISTEN", "Marker-of-a-secret"),
            ("CONTEST_TRUSTED_PROXIES", "10.0.0.0/8,Marker-of-a-secret"),
            ("CONTEST_UPLOAD_BYTES_MAX", "Marker-of-a-secret"),
            ("CONTEST_ADMIN_PASSWORD", "Marker-of-a-secret"),
        ] {
            let error = with(variable, value).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(
                !shown.contains("Marker-of-a-secret") && shown.to_lowercase().contains(&variable[8..].to_lowercase()),
                "{shown}"
            );
        }
        let settings = with("CONTEST_TRUSTED_PROXIES", "10.0.0.0/8, ::1").unwrap();
        assert_eq!(settings.trusted_proxies.len(), 2);
        assert!(!format!("{settings:?}").contains("Marker-of-a-secret"));
    }
}
