//! Databases in folders of their own.

use std::future::{Ready, ready};

use stagemark_sql::SqlStore;
use tempfile::TempDir;

/// A database file; gone with this.
pub(crate) struct Database {
    folder: TempDir,
}

impl Database {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("stagemark.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.file().display())
    }

    /// Opens it as another process would: with connections of its own.
    pub(crate) async fn open(&self) -> SqlStore {
        SqlStore::open(&self.url()).await.unwrap()
    }
}

/// The URL of a new database, and its folder.
pub(crate) fn address() -> Ready<(String, Database)> {
    let database = Database::new();
    ready((database.url(), database))
}
