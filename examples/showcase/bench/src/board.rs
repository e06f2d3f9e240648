//! A board as the API tells it.

use std::error::Error;

use reqwest::Client;
use stagemark_contest_contract::{Computed, Ranking};

use crate::host::Host;

/// What all parts read.
pub(crate) const PATH: &str = "/api/rankings?limit=20";
/// By how much scores of one moment may differ from those of another, a minute later.
const DECAY: f64 = 1e-3;
/// Scores are told in hundredths.
const ROUNDING: f64 = 0.01;

/// Reads the board of all players.
pub(crate) async fn read(client: &Client, host: &Host) -> Result<Ranking, Box<dyn Error + Send + Sync>> {
    Ok(client.get(host.url(PATH)).send().await?.error_for_status()?.json().await?)
}

/// Has the board in the cache, and reads it there.
pub(crate) async fn warm(client: &Client, host: &Host) -> Result<Ranking, Box<dyn Error>> {
    for _ in 0..10 {
        let board = read(client, host).await.map_err(|error| error.to_string())?;
        if board.computed == Computed::Cache {
            return Ok(board);
        }
    }
    Err("the board does not stay in the cache".into())
}

/// Whether two boards tell the same players at the same places, with scores that have but aged.
pub(crate) fn is_same(one: &Ranking, other: &Ranking) -> bool {
    one.items.len() == other.items.len()
        && one.items.iter().zip(&other.items).all(|(one, other)| {
            let apart = (one.score - other.score).abs();
            one.rank == other.rank && one.player == other.player && apart <= DECAY * one.score.abs() + ROUNDING
        })
}

#[cfg(test)]
mod tests {
    use stagemark_contest_contract::{Author, Place};
    use uuid::Uuid;

    use super::*;

    fn board(score: f64, name: &str) -> Ranking {
        let player = Author { id: Uuid::nil(), name: name.to_owned(), city: "Berlin".to_owned() };
        let items = vec![Place { rank: 1, player, score }];
        Ranking { board: "global".to_owned(), items, next_cursor: None, computed: Computed::Cache }
    }

    #[test]
    fn boards_are_the_same_but_for_decay() {
        assert!(is_same(&board(100.0, "ada"), &board(99.95, "ada")));
        assert!(!is_same(&board(100.0, "ada"), &board(99.0, "ada")));
        assert!(!is_same(&board(100.0, "ada"), &board(100.0, "bob")));
    }
}
