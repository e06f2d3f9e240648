//! A database that may not be written.

use stagemark::{
    RunId,
    ports::{Store, StoreErrorKind, Write},
};
use stagemark_sql::SqlStore;

use crate::{
    fixture::{Database, held},
    mount::Mount,
};

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

#[tokio::test]
async fn an_odd_row_is_an_error_and_no_panic() {
    let database = Database::new();
    let store = database.open().await;
    let run = RunId::new();
    store.write(&[Write::Submit(held(run))]).await.unwrap();
    let other = rusqlite::Connection::open(database.file()).unwrap();

    for odd in ["status = 9", "version = -1", "revision = -1", "submitted = 'x'", "holder = x'01'", "status = 'x'"] {
        other.execute_batch(&format!("SAVEPOINT a; UPDATE stagemark_run SET {odd}; RELEASE a")).unwrap();
        let error = store.load(&[run]).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unreadable, "{odd}: {error:?}");
        other
            .execute_batch(
                "UPDATE stagemark_run SET status = 1, version = 1, revision = 0, submitted = 1, holder = NULL",
            )
            .unwrap();
    }
}
