//! A database that may not be written, or is none.

use stagemark::ports::StoreErrorKind;
use stagemark_sql::SqlStore;

use crate::{fixture::Database, mount::Mount};

#[tokio::test]
async fn a_file_opened_for_reading_is_refused_clearly() {
    let database = Database::new();
    drop(database.open().await);

    let error = SqlStore::open(&format!("{}?mode=ro", database.url())).await.unwrap_err();

    assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error:?}");
    assert!(error.to_string().contains("the database is read-only"), "{error}");
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_refused_clearly() {
    let database = Database::new();
    drop(database.open().await);
    let Some(mount) = Mount::read_only(database.file().parent().unwrap()) else {
        return;
    };

    let url = format!("sqlite://{}/stagemark.db", mount.path().display());
    let error = SqlStore::open(&url).await.unwrap_err();

    assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error:?}");
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_named_as_the_reason() {
    let error = SqlStore::open("sqlite:///no/such/folder/stagemark.db").await.unwrap_err();

    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let database = Database::new();
    std::fs::write(database.file(), "not a database, but a text that is long enough to be taken for one".repeat(20))
        .unwrap();

    let error = SqlStore::open(&database.url()).await.unwrap_err();

    assert_eq!(error.kind, StoreErrorKind::Unreadable, "{error:?}");
}

#[tokio::test]
async fn a_database_in_memory_is_refused_and_the_memory_store_named() {
    for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://file?mode=memory"] {
        let error = SqlStore::open(url).await.unwrap_err();

        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("MemoryStore"), "{source}");
    }
}
