//! The same random histories, played on `SQLite` and in memory, are answered alike.

use crate::{fixture::Database, histories::play};

#[tokio::test]
async fn sqlite_answers_as_memory_does() {
    for seed in 0..40 {
        play(&Database::new().open().await, seed).await;
    }
}
