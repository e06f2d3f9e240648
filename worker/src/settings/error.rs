//! Why settings cannot be used. No message holds a value: it may be a secret that stands in the wrong place.

use std::{io, path::PathBuf};

/// Why settings cannot be used; the messages say what to change.
///
/// ```
/// use stagemark_worker::{Environment, Settings};
///
/// let environment = Environment::from([("STAGEMARK_SLOTS", "many")]);
/// let error = Settings::read(None, &environment).unwrap_err();
/// assert_eq!(error.to_string(), "STAGEMARK_SLOTS must be a whole number from 1 to 100000");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the settings file {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no TOML.
    #[error("line {line} of the settings file {} is no TOML", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// There is no such setting.
    #[error("{name} in {} is no setting; docs/operate.md lists them", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What stands there.
        name: String,
    },
    /// A setting has a value that it cannot have.
    #[error("{name} must be {expected}")]
    Invalid {
        /// The name of the setting, or of the variable that it came from.
        name: String,
        /// What it can be.
        expected: &'static str,
    },
    /// A setting that has no default is not given.
    #[error("{name} is not set, and is needed")]
    Missing {
        /// The name of the setting.
        name: &'static str,
    },
    /// A setting is given twice at one place: itself, and by a file that holds it.
    #[error("{name} and {name_file} are both set; remove one of them")]
    Twice {
        /// The name of the setting.
        name: String,
        /// The name of the setting that names a file.
        name_file: String,
    },
    /// The file that holds a secret cannot be read.
    // Without the path: who mistakes `DATABASE_URL_FILE` for `DATABASE_URL` has put a secret there.
    #[error("the file that {name} names cannot be read")]
    Secret {
        /// The name of the setting.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A setting makes no sense without another.
    #[error("{name} is set, and {needs} is not; set both")]
    Alone {
        /// The name of the setting.
        name: &'static str,
        /// What it needs.
        needs: &'static str,
    },
}
