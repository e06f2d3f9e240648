//! Schemas of their own in a real database.

use std::sync::atomic::{AtomicU32, Ordering};

use stagemark_sql::SqlStore;

/// A new schema of the server of the tests, as the URL that leads to it.
pub(crate) async fn schema() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let url = stagemark_services::database_url().unwrap();
    let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let database = sea_orm::Database::connect(&url).await.unwrap();
    let make = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
    sea_orm::ConnectionTrait::execute_unprepared(&database, &make).await.unwrap();
    database.close().await.unwrap();
    let join = if url.contains('?') { '&' } else { '?' };
    format!("{url}{join}options=-csearch_path%3D{name}")
}

pub(crate) async fn open() -> SqlStore {
    SqlStore::options().connections(4).open(&schema().await).await.unwrap()
}

/// The URL of a new schema; nothing else must live as long as it does.
pub(crate) async fn address() -> (String, ()) {
    (schema().await, ())
}
