//! Where settings come from: the environment, and below it a file.

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path, str::FromStr};

use toml::{Table, Value};

use super::{
    SettingsError,
    keys::{Key, Keys},
};

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
pub struct Given {
    pub(super) name: String,
    pub(super) text: String,
}

/// The name alone: the text may be a secret.
impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Given {
    /// The text. It may be a secret.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the text says, if it is what is expected.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`], with the name and what is expected.
    pub fn parse<T: FromStr>(&self, expected: &'static str) -> Result<T, SettingsError> {
        self.text.trim().parse().map_err(|_| self.invalid(expected))
    }

    /// The error of a text that is not what is expected.
    pub fn invalid(&self, expected: &'static str) -> SettingsError {
        invalid(&self.name, expected)
    }
}

fn invalid(name: &str, expected: &'static str) -> SettingsError {
    SettingsError::Invalid { name: name.to_owned(), expected }
}

/// The settings of a file, and the variables that override them: those of a worker, and those of a program that has more.
///
/// ```
/// use stagemark_worker::{Environment, Key, Settings, Source};
///
/// const OWN: &[Key] = &[Key::plain("shop", "SHOP"), Key::secret("shop_token", "SHOP_TOKEN")];
/// let environment = Environment::from([("SHOP", "Corner"), ("STAGEMARK_SLOTS", "8")]);
/// let source = Source::open(None, &environment, OWN)?;
/// assert_eq!(source.get("shop")?.unwrap().text(), "Corner");
/// assert!(source.get("shop_token")?.is_none());
/// assert_eq!(Settings::of(&source)?.slots, 8);
/// # Ok::<(), stagemark_worker::SettingsError>(())
/// ```
pub struct Source<'a> {
    file: Table,
    environment: &'a Environment,
    keys: Keys<'a>,
}

/// Names alone: values may be secrets.
impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.file.keys()).finish()
    }
}

impl<'a> Source<'a> {
    /// Reads a file, if one is named, which may have the settings of a worker and these.
    ///
    /// # Errors
    /// If the file cannot be read, is no TOML, or has a name that is no setting.
    pub fn open(file: Option<&Path>, environment: &'a Environment, own: &'a [Key]) -> Result<Self, SettingsError> {
        let keys = Keys(own);
        let file = file.map_or_else(|| Ok(Table::new()), |path| read(path, keys))?;
        Ok(Self { file, environment, keys })
    }

    /// A setting, from the variable, or else from the file; `None` where it is not given.
    ///
    /// # Errors
    /// If it is given twice, or the file that holds it cannot be read.
    ///
    /// # Panics
    /// If it is none of the settings that the source was opened with.
    pub fn get(&self, name: &str) -> Result<Option<Given>, SettingsError> {
        let key = self.keys.find(name).expect("each setting that is asked for is in the table");
        let of_environment = self.environment.get(key.variable)?.map(ToOwned::to_owned);
        if let Some(given) = look(key, key.variable, of_environment, &|name| self.variable(name, "_FILE"))? {
            return Ok(Some(given));
        }
        let of_file = self.file.get(name).map(|value| text(name, value)).transpose()?;
        look(key, name, of_file, &|name| self.entry(&format!("{name}_file")))
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
fn look(key: Key, name: &str, own: Option<String>, by_file: ByFile<'_>) -> Result<Option<Given>, SettingsError> {
    let own = own.map(|text| Given { name: name.to_owned(), text });
    if !key.may_be_in_a_file {
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

fn read(path: &Path, keys: Keys<'_>) -> Result<Table, SettingsError> {
    let text =
        fs::read_to_string(path).map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
    // What the parser says shows the line, and there may be a secret in it.
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().map_or(0, |span| span.start).min(text.len());
        let line = 1 + text.bytes().take(before).filter(|byte| *byte == b'\n').count();
        SettingsError::NotToml { path: path.to_owned(), line }
    })?;
    match table.keys().find(|name| !keys.is_known(name)) {
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
