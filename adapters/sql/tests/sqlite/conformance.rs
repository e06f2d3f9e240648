//! The store on `SQLite` keeps the contract of its port.

use stagemark_sql::SqlStore;
use tempfile::TempDir;

async fn in_a_folder() -> (SqlStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("stagemark.db").display());
    (SqlStore::open(&url).await.unwrap(), folder)
}

stagemark_conformance::store_suite!(in_a_folder().await);
