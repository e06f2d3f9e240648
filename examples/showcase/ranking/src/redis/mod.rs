//! Boards in Redis: a sorted set each, and beside it what it is made of and which events it has counted.
//!
//! All that changes a board is a script, so that nothing comes between its parts.

use async_trait::async_trait;
use stagemark::{Timestamp, ports::AcceleratorError};
use stagemark_redis::{Redis, Reply, Script};
use uuid::Uuid;

use crate::{
    Board, Count, Snapshot, Standing, Weights, Window,
    memory::{EPOCHS_KNOWN, NOTED_MAX},
    ports::{Lease, Part, Sets, SetsError, Turn, When},
    score::SCORE_MIN,
};

macro_rules! script {
    ($doing:literal, $($file:literal),+) => {
        Script::new($doing, concat!(include_str!("scripts/warm.lua"), $(include_str!(concat!("scripts/", $file, ".lua"))),+))
    };
}

const READ: Script = script!("reading a board", "read");
const COUNT: Script = script!("counting on a board", "count", "count_events");
const BEGIN: Script = script!("beginning to fill a board", "begin");
const FILL: Script = script!("filling a board", "count", "fill");
const GIVE_UP: Script = script!("giving up filling a board", "give_up");
const FORGET: Script = script!("forgetting a board", "forget");
const STAGE: Script = Script::new("bringing the players of a board", include_str!("scripts/stage.lua"));

/// How many members are brought, and how many events are counted, by one command: others wait for it.
const BATCH: usize = 1_000;
/// A member of each set that stands for nothing: a set without members would not be there.
const NOBODY: &str = "-";

/// Boards in Redis, which all hosts share.
#[derive(Clone, Debug)]
pub struct RedisSets {
    redis: Redis,
    weights: Weights,
}

impl RedisSets {
    /// Boards in this Redis.
    pub fn new(redis: Redis, weights: Weights) -> Self {
        Self { redis, weights }
    }

    /// Boards of other weights are other boards.
    fn key(&self, board: &Board, kind: &str) -> String {
        self.redis.key(kind, &format!("{board}@{}", self.weights.name()))
    }

    fn keys(&self, board: &Board) -> Vec<String> {
        ["sums", "made-of", "seen", "filling"].map(|kind| self.key(board, kind)).to_vec()
    }

    async fn run(&self, board: &Board, script: &Script, arguments: Vec<String>) -> Result<Reply, SetsError> {
        let reply = self.redis.script(script, self.keys(board), arguments).await;
        reply.map_err(|source| SetsError { board: board.clone(), source })
    }

    /// Brings members of a set that is not in use yet, and one that stands for nothing.
    async fn stage(&self, key: &str, lease: &Lease, members: Vec<[String; 2]>) -> Result<(), AcceleratorError> {
        for batch in members.chunks(BATCH) {
            let arguments = [millis(lease.lasts)].into_iter().chain(batch.iter().flatten().cloned());
            self.redis.script(&STAGE, vec![key.to_owned()], arguments.collect()).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Sets for RedisSets {
    async fn read(&self, board: &Board, window: Window) -> Result<Option<Part>, SetsError> {
        let window = match window {
            Window::Page { offset, limit } => ["page".to_owned(), offset.to_string(), limit.to_string()],
            Window::Around { player, radius } => ["around".to_owned(), player.to_string(), radius.to_string()],
        };
        let arguments = [exact(SCORE_MIN)].into_iter().chain(window).collect();
        match self.run(board, &READ, arguments).await? {
            Reply::Nothing => Ok(None),
            reply => part(&reply).map(Some).ok_or_else(|| unreadable(board, "reading a board")),
        }
    }

    async fn count(&self, board: &Board, counts: &[Count]) -> Result<(), SetsError> {
        for batch in counts.chunks(BATCH) {
            let mut arguments = vec![self.half_life(), EPOCHS_KNOWN.to_string(), NOTED_MAX.to_string()];
            for Count { id, epoch, player, at, weight } in batch {
                let (id, player) = (id.to_string(), player.to_string());
                arguments.extend([id, epoch.to_string(), player, at.0.to_string(), exact(*weight)]);
            }
            self.run(board, &COUNT, arguments).await?;
        }
        Ok(())
    }

    async fn begin(&self, board: &Board, lease: &Lease) -> Result<Turn, SetsError> {
        let when = match lease.when {
            When::Cold => "cold",
            When::Always => "always",
        };
        let arguments = vec![lease.token.to_string(), millis(lease.lasts), when.to_owned()];
        match self.run(board, &BEGIN, arguments).await? {
            Reply::Text(turn) if turn == "yours" => Ok(Turn::Yours),
            Reply::Text(turn) if turn == "another" => Ok(Turn::Another),
            Reply::Text(turn) if turn == "warm" => Ok(Turn::Warm),
            _ => Err(unreadable(board, "beginning to fill a board")),
        }
    }

    async fn fill(&self, board: &Board, lease: &Lease, snapshot: &Snapshot) -> Result<bool, SetsError> {
        let staged = ["sums", "seen"].map(|kind| self.key(board, &format!("{kind}-of-{}", lease.token)));
        let nobody = |score: f64| [exact(score), NOBODY.to_owned()];
        let mut sums: Vec<_> = snapshot.scores.iter().map(|(id, sum)| [exact(*sum), id.to_string()]).collect();
        sums.push(nobody(f64::NEG_INFINITY));
        let mut events: Vec<_> = snapshot.open.iter().map(|(id, epoch)| [epoch.to_string(), id.to_string()]).collect();
        events.push(nobody(f64::INFINITY));
        let mut arguments = vec![lease.token.to_string(), millis(lease.time_to_live), self.half_life()];
        arguments
            .extend([EPOCHS_KNOWN, snapshot.landmark.0, snapshot.closed(), snapshot.epoch].map(|it| it.to_string()));
        arguments.extend([sums.len(), events.len()].map(|it| it.to_string()));
        let filled = async {
            self.stage(&staged[0], lease, sums).await?;
            self.stage(&staged[1], lease, events).await?;
            let keys = self.keys(board).into_iter().chain(staged).collect();
            self.redis.script(&FILL, keys, arguments).await
        };
        let filled = filled.await.map_err(|source| SetsError { board: board.clone(), source })?;
        Ok(filled == Reply::Integer(1))
    }

    async fn give_up(&self, board: &Board, lease: &Lease) -> Result<(), SetsError> {
        self.run(board, &GIVE_UP, vec![lease.token.to_string()]).await.map(|_| ())
    }

    async fn forget(&self, board: &Board) -> Result<(), SetsError> {
        self.run(board, &FORGET, Vec::new()).await.map(|_| ())
    }
}

impl RedisSets {
    fn half_life(&self) -> String {
        millis(self.weights.half_life)
    }
}

fn part(reply: &Reply) -> Option<Part> {
    let Reply::List(values) = reply else { return None };
    let [landmark, total, first, Reply::List(found)] = values.as_slice() else { return None };
    let first: u32 = first.number()?;
    let standing = |(at, pair): (usize, &[Reply])| {
        let Reply::Text(player) = pair.first()? else { return None };
        let rank = first.checked_add(u32::try_from(at).ok()?)?.checked_add(1)?;
        Some(Standing { rank, player: player.parse::<Uuid>().ok()?, score: pair.get(1)?.number()? })
    };
    let standings = found.chunks(2).enumerate().map(standing).collect::<Option<_>>()?;
    Some(Part { standings, total: total.number()?, landmark: Timestamp(landmark.number()?) })
}

/// A number with all its digits.
fn exact(number: f64) -> String {
    format!("{number:e}")
}

fn millis(duration: std::time::Duration) -> String {
    duration.as_millis().max(1).to_string()
}

fn unreadable(board: &Board, doing: &'static str) -> SetsError {
    SetsError { board: board.clone(), source: AcceleratorError::new(doing, "it answered what no script of ours does") }
}
