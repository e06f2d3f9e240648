//! Players and their sessions.

use sea_orm_migration::prelude::*;

/// The first migration.
#[derive(Debug)]
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m001_accounts"
    }
}

const TABLES: &[&str] = &[
    r#"CREATE TABLE IF NOT EXISTS contest_player (
        id uuid NOT NULL PRIMARY KEY,
        created_at bigint NOT NULL,
        role smallint NOT NULL,
        name text COLLATE "C" NOT NULL,
        name_key text COLLATE "C" NOT NULL,
        city text COLLATE "C" NOT NULL,
        password text NOT NULL
    )"#,
    "CREATE UNIQUE INDEX IF NOT EXISTS contest_player_name_key ON contest_player (name_key)",
    "CREATE TABLE IF NOT EXISTS contest_session (
        id uuid NOT NULL PRIMARY KEY,
        player uuid NOT NULL REFERENCES contest_player (id) ON DELETE CASCADE,
        created_at bigint NOT NULL,
        expires_at bigint NOT NULL,
        token bytea NOT NULL
    )",
    "CREATE INDEX IF NOT EXISTS contest_session_player ON contest_session (player, expires_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::apply(manager, TABLES).await
    }
}
