//! A board: who is ranked against whom.

use std::{fmt, sync::Arc};

/// Who is ranked against whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Board {
    /// All players.
    Global,
    /// The players of a city.
    City(Arc<str>),
}

impl Board {
    /// The board of this city.
    pub fn city(name: impl Into<Arc<str>>) -> Self {
        Self::City(name.into())
    }
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::City(name) => write!(f, "city:{name}"),
        }
    }
}
