//! Where settings come from: the environment, and below it a file.

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path, str::FromStr};

use toml::{Table, Value};

use super::{SettingsError, keys};

/// The variables of a process, as far as they are Unicode.
///
/// ```
/// use stagemark_worker::{Environment, Settings};
///
/// let settings = Settings::read(None, &Environment::from([("STAGEMARK_SLOTS", "8")]))?;
/// assert_eq!(settings.slots, 8);
/// # Ok::<(), stagemark_worker::SettingsError>(())
/// ```
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

/// Names alone: values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        Self(std::env::vars_os().filter_map(named).collect())
    }

    /// A variable that is set, and not to nothing: so compose files and unit files say that they leave it out.
    fn get(&self, name: &str) -> Result<Option<&str>, SettingsError> {
        let value = self.0.get(name).map(|value| value.to_str().ok_or_else(|| invalid(name, "Unicode")));
        Ok(value.transpose()?.filter(|value| !value.is_empty()))
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
    }
}

/// The text of a setting, and the name that it was given under.
pub(super) struct Given {
    pub(super) name: String,
    pub(super) text: String,
}

impl Given {
    pub(super) fn parse<T: FromStr>(&self, expected: &'static str) -> Result<T, SettingsError> {
        self.text.trim().parse().map_err(|_| self.invalid(expected))
    }

    pub(super) fn invalid(&self, expected: &'static str) -> SettingsError {
        invalid(&self.name, expected)
    }
}

fn invalid(name: &str, expected: &'static str) -> SettingsError {
    SettingsError::Invalid { name: name.to_owned(), expected }
}

/// The settings of a file, and the variables that override them.
pub(super) struct Source<'a> {
    file: Table,
    environment: &'a Environment,
}

impl<'a> Source<'a> {
    pub(super) fn open(file: Option<&Path>, environment: &'a Environment) -> Result<Self, SettingsError> {
        let file = file.map_or_else(|| Ok(Table::new()), read)?;
        Ok(Self { file, environment })
    }

    /// A setting, from the variable, or else from the file.
    pub(super) fn get(&self, key: &str) -> Result<Option<Given>, SettingsError> {
        let variable = keys::variable(key);
        let of_environment = self.environment.get(variable)?.map(ToOwned::to_owned);
        if let Some(given) = look(key, variable, of_environment, &|name| self.variable(name, "_FILE"))? {
            return Ok(Some(given));
        }
        let of_file = self.file.get(key).map(|value| text(key, value)).transpose()?;
        look(key, key, of_file, &|name| self.entry(&format!("{name}_file")))
    }

    fn variable(&self, name: &str, ending: &str) -> Result<Option<Given>, SettingsError> {
        let name = format!("{name}{ending}");
        let text = self.environment.get(&name)?.map(ToOwned::to_owned);
        Ok(text.map(|text| Given { name, text }))
    }

    fn entry(&self, name: &str) -> Result<Option<Given>, SettingsError> {
        let text = self.file.get(name).map(|value| text(name, value)).transpose()?;
        Ok(text.map(|text| Given { name: name.to_owned(), text }))
    }
}

type ByFile<'a> = &'a dyn Fn(&str) -> Result<Option<Given>, SettingsError>;

/// A setting at one place: itself, or by a file that holds it.
fn look(key: &str, name: &str, own: Option<String>, by_file: ByFile<'_>) -> Result<Option<Given>, SettingsError> {
    let own = own.map(|text| Given { name: name.to_owned(), text });
    if !keys::may_be_in_a_file(key) {
        return Ok(own);
    }
    match (own, by_file(name)?) {
        (own, None) => Ok(own),
        (Some(own), Some(file)) => Err(SettingsError::Twice { name: own.name, name_file: file.name }),
        (None, Some(Given { name, text })) => {
            match fs::read_to_string(text) {
                // Editors and `echo` end a file with a line break, which no secret does.
                Ok(secret) => Ok(Some(Given { name, text: secret.trim_end_matches(['\r', '\n']).to_owned() })),
                Err(source) => Err(SettingsError::Secret { name, source }),
            }
        }
    }
}

fn read(path: &Path) -> Result<Table, SettingsError> {
    let text =
        fs::read_to_string(path).map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
    // What the parser says shows the line, and there may be a secret in it.
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().map_or(0, |span| span.start).min(text.len());
        let line = 1 + text.bytes().take(before).filter(|byte| *byte == b'\n').count();
        SettingsError::NotToml { path: path.to_owned(), line }
    })?;
    match table.keys().find(|name| !keys::is_known(name)) {
        Some(name) => Err(SettingsError::Unknown { path: path.to_owned(), name: name.clone() }),
        None => Ok(table),
    }
}

/// The value as a variable would give it.
fn text(name: &str, value: &Value) -> Result<String, SettingsError> {
    let invalid = || invalid(name, "a text, a number, a list of texts or a table of numbers");
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Boolean(is_so) => Ok(is_so.to_string()),
        Value::Array(all) => {
            let all: Option<Vec<_>> = all.iter().map(Value::as_str).collect();
            all.map(|all| all.join(",")).ok_or_else(invalid)
        }
        Value::Table(all) => {
            let pair = |(key, value): (&String, &Value)| Some(format!("{key}={}", value.as_integer()?));
            let all: Option<Vec<_>> = all.iter().map(pair).collect();
            all.map(|all| all.join(",")).ok_or_else(invalid)
        }
        _ => Err(invalid()),
    }
}
