//! Fills the database with a contest that has gone on for a while.

use std::error::Error;

use stagemark_contest_contract::CITIES;

use crate::servers::Servers;

const PLAYERS: u32 = 10_000;
const VIDEOS: u32 = 20_000;
const LIKES: u32 = 100_000;
const OPEN_EVENTS: u32 = 20_000;

/// Players of all cities; few have many videos, and few videos have many likes. What was seen and liked long ago is in
/// tallies, and what happened in the last hour is still to be tallied. Says how much that is.
pub(crate) fn fill(servers: &Servers) -> Result<String, Box<dyn Error>> {
    let cities = CITIES.map(|city| format!("'{city}'")).join(", ");
    servers.postgres.sql(&format!(
        "SELECT setseed(0.5); \
         CREATE TEMP TABLE clock AS SELECT (extract(epoch FROM now()) * 1000)::bigint AS now; \
         CREATE TEMP TABLE p AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, {PLAYERS}) n; \
         INSERT INTO contest_player (id, created_at, role, name, name_key, city, password) \
             SELECT id, now, 0, 'player-' || n, 'player-' || n, (ARRAY[{cities}])[1 + n % {}], '!' FROM p, clock; \
         CREATE TEMP TABLE v AS SELECT n, gen_random_uuid() AS id, \
             (1 + floor({PLAYERS} * power(random(), 1.5)))::int AS player FROM generate_series(1, {VIDEOS}) n; \
         INSERT INTO contest_video (id, player, size_bytes, created_at, published_at, duration_ms, width_px, height_px, \
             runs, state, title, title_key, file_name, content_type, upload_key) \
             SELECT v.id, p.id, 1000000, now, now, 15000, 720, 1280, 1, 2, 'Clip ' || v.n, 'clip ' || v.n, 'clip.mp4', \
             'video/mp4', 'uploads/' || v.n FROM v JOIN p ON p.n = v.player, clock; \
         CREATE TEMP TABLE l AS SELECT (1 + floor({VIDEOS} * power(random(), 2)))::int AS video, \
             (1 + floor({PLAYERS} * random()))::int AS player FROM generate_series(1, {LIKES}); \
         INSERT INTO contest_like (video, player, created_at) \
             SELECT v.id, p.id, now FROM l JOIN v ON v.n = l.video JOIN p ON p.n = l.player, clock ON CONFLICT DO NOTHING; \
         INSERT INTO contest_tally (video, likes, views, watch_ms, as_of, like_sum, view_sum, watch_sum) \
             SELECT id, likes, 8 * likes + 5, 80000 * likes, now, likes * left_, (8 * likes + 5) * left_, 80 * likes * left_ \
             FROM (SELECT v.id, count(k.video) AS likes, 0.2 + 0.8 * random() AS left_ FROM v \
             LEFT JOIN contest_like k ON k.video = v.id GROUP BY v.id) counted, clock; \
         INSERT INTO contest_event (id, video, player, epoch, at, accepted_at, watch_ms, kind, state) \
             SELECT gen_random_uuid(), v.id, p.id, 2, now - (3600000 * random())::bigint, now, 0, 0, 0 \
             FROM generate_series(1, {OPEN_EVENTS}) e JOIN v ON v.n = 1 + e * 7919 % {VIDEOS} JOIN p ON p.n = v.player, clock;",
        CITIES.len(),
    ))?;
    servers.postgres.sql("VACUUM ANALYZE")?;
    Ok(format!(
        "{} players, {} videos, {} likes and {} events to be tallied",
        servers.number("SELECT count(*) FROM contest_player")?,
        servers.number("SELECT count(*) FROM contest_video")?,
        servers.number("SELECT count(*) FROM contest_like")?,
        servers.number("SELECT count(*) FROM contest_event WHERE state = 0")?,
    ))
}
