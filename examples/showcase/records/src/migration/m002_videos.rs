//! Videos, their runs, likes, and the keys under which they were asked for.

use sea_orm_migration::prelude::*;

/// The second migration.
#[derive(Debug)]
pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m002_videos"
    }
}

const TABLES: &[&str] = &[
    r#"CREATE TABLE IF NOT EXISTS contest_video (
        id uuid NOT NULL PRIMARY KEY,
        player uuid NOT NULL REFERENCES contest_player (id) ON DELETE CASCADE,
        size_bytes bigint NOT NULL,
        created_at bigint NOT NULL,
        published_at bigint,
        duration_ms bigint,
        width_px integer,
        height_px integer,
        runs integer NOT NULL,
        state smallint NOT NULL,
        run uuid,
        title text COLLATE "C" NOT NULL,
        title_key text COLLATE "C" NOT NULL,
        file_name text COLLATE "C" NOT NULL,
        content_type text COLLATE "C" NOT NULL,
        upload_key text COLLATE "C" NOT NULL,
        upload_id text COLLATE "C",
        video_key text COLLATE "C",
        poster_key text COLLATE "C",
        preview_key text COLLATE "C",
        sprites_key text COLLATE "C",
        sprites text
    )"#,
    "CREATE INDEX IF NOT EXISTS contest_video_ready ON contest_video (id) WHERE state = 2",
    "CREATE INDEX IF NOT EXISTS contest_video_player ON contest_video (player, id)",
    "CREATE TABLE IF NOT EXISTS contest_video_run (
        video uuid NOT NULL REFERENCES contest_video (id) ON DELETE CASCADE,
        submitted_at bigint NOT NULL,
        run uuid NOT NULL,
        n integer NOT NULL,
        PRIMARY KEY (video, n)
    )",
    "CREATE UNIQUE INDEX IF NOT EXISTS contest_video_run_run ON contest_video_run (run)",
    "CREATE TABLE IF NOT EXISTS contest_like (
        video uuid NOT NULL REFERENCES contest_video (id) ON DELETE CASCADE,
        player uuid NOT NULL REFERENCES contest_player (id) ON DELETE CASCADE,
        created_at bigint NOT NULL,
        PRIMARY KEY (video, player)
    )",
    "CREATE INDEX IF NOT EXISTS contest_like_player ON contest_like (player)",
    r#"CREATE TABLE IF NOT EXISTS contest_idempotency (
        player uuid NOT NULL REFERENCES contest_player (id) ON DELETE CASCADE,
        key text COLLATE "C" NOT NULL,
        video uuid NOT NULL,
        created_at bigint NOT NULL,
        fingerprint bytea NOT NULL,
        PRIMARY KEY (player, key)
    )"#,
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::apply(manager, TABLES).await
    }
}
