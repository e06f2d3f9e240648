//! The names of players, which are shown on every page of a board.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};
use stagemark_contest_contract::Author;
use stagemark_contest_records::{Records, entity::player};
use uuid::Uuid;

/// How many players are kept: some megabytes.
const KEPT_MAX: usize = 50_000;

/// Players that were shown lately. Neither name nor city is ever changed.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: Mutex<HashMap<Uuid, Author>>,
}

impl Names {
    /// These players, as far as they exist.
    pub(crate) async fn of(&self, records: &Records, players: &[Uuid]) -> Result<HashMap<Uuid, Author>, DbErr> {
        let (mut found, mut unknown) = (HashMap::new(), Vec::new());
        {
            let known = self.known();
            for player in players {
                match known.get(player) {
                    Some(author) => drop(found.insert(*player, author.clone())),
                    None => unknown.push(*player),
                }
            }
        }
        if unknown.is_empty() {
            return Ok(found);
        }
        let rows = player::Entity::find().filter(player::Column::Id.is_in(unknown)).all(records.reader()).await?;
        let read = rows.into_iter().map(|row| (row.id, Author { id: row.id, name: row.name, city: row.city }));
        let read: Vec<_> = read.collect();
        let mut known = self.known();
        if known.len() + read.len() > KEPT_MAX {
            known.clear();
        }
        known.extend(read.iter().cloned());
        found.extend(read);
        Ok(found)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Uuid, Author>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
