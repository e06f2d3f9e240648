//! The same random histories, played on `PostgreSQL` and in memory, are answered alike.

use crate::{fixture, histories::play};

#[tokio::test]
async fn postgres_answers_as_memory_does() {
    for seed in 14..26 {
        play(&fixture::open().await, seed).await;
    }
}
