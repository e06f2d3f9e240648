//! What happened to videos, what it has come to, and the epochs that it is told apart by.

use sea_orm_migration::prelude::*;

/// The third migration.
#[derive(Debug)]
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m003_events"
    }
}

const TABLES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS contest_epoch (
        id smallint NOT NULL PRIMARY KEY,
        epoch bigint NOT NULL
    )",
    "INSERT INTO contest_epoch (id, epoch) VALUES (1, 2) ON CONFLICT DO NOTHING",
    // The video may be gone while its events are still kept: who sends one again is told that it is known.
    "CREATE TABLE IF NOT EXISTS contest_event (
        id uuid NOT NULL PRIMARY KEY,
        video uuid NOT NULL,
        player uuid NOT NULL,
        epoch bigint NOT NULL,
        at bigint NOT NULL,
        accepted_at bigint NOT NULL,
        watch_ms bigint NOT NULL,
        kind smallint NOT NULL,
        state smallint NOT NULL
    )",
    "CREATE INDEX IF NOT EXISTS contest_event_epoch ON contest_event (epoch)",
    "CREATE INDEX IF NOT EXISTS contest_event_open ON contest_event (video) WHERE state = 0",
    "CREATE TABLE IF NOT EXISTS contest_tally (
        video uuid NOT NULL PRIMARY KEY REFERENCES contest_video (id) ON DELETE CASCADE,
        likes bigint NOT NULL,
        views bigint NOT NULL,
        watch_ms bigint NOT NULL,
        as_of bigint NOT NULL,
        like_sum double precision NOT NULL,
        view_sum double precision NOT NULL,
        watch_sum double precision NOT NULL
    )",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::apply(manager, TABLES).await
    }
}
