//! Results that are kept in memory.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use stagemark_rules::{TaskId, Timestamp, WorkerId};

use super::{MemoryStore, store::Row};
use crate::{
    RunId,
    ports::{Found, KeptResult, Maker, ResultKey, Results, StoreError, Wanted},
};

/// Results by their keys.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    places: HashMap<ResultKey, Place>,
}

#[derive(Debug)]
struct Place {
    maker: Maker,
    until: Timestamp,
    /// None while it is being made.
    output: Option<Arc<str>>,
}

impl Place {
    fn is_makers(&self, (run, task): (RunId, TaskId)) -> bool {
        self.output.is_none() && (self.maker.run, self.maker.task) == (run, task)
    }

    fn is_free(&self, wanted: &Wanted, is_live: impl FnOnce(WorkerId) -> bool) -> bool {
        let is_over = self.until < wanted.now;
        match &self.output {
            Some(output) => is_over || wanted.useless.as_ref() == Some(output),
            None => is_over || self.is_makers((wanted.maker.run, wanted.maker.task)) || !is_live(self.maker.worker),
        }
    }
}

impl Shelf {
    pub(super) fn keep(&mut self, results: &[KeptResult]) {
        for KeptResult { key, maker, output, until, .. } in results {
            self.places.insert(*key, Place { maker: *maker, until: *until, output: Some(Arc::clone(output)) });
        }
    }
}

#[async_trait]
impl Results for MemoryStore {
    async fn want(&self, wanted: &Wanted) -> Result<Found, StoreError> {
        let tables = &mut *self.tables();
        let is_live = |worker| tables.workers.get(&worker).is_some_and(|until| *until >= wanted.now);
        if let Some(place) = tables.shelf.places.get(&wanted.key)
            && !place.is_free(wanted, is_live)
        {
            return Ok(place.output.clone().map_or(Found::Busy, Found::Kept));
        }
        let place = Place { maker: wanted.maker, until: wanted.until, output: None };
        tables.shelf.places.insert(wanted.key, place);
        Ok(Found::Granted)
    }

    async fn give_up(&self, key: ResultKey, maker: Maker) -> Result<(), StoreError> {
        let places = &mut self.tables().shelf.places;
        if places.get(&key).is_some_and(|place| place.is_makers((maker.run, maker.task))) {
            places.remove(&key);
        }
        Ok(())
    }

    async fn expire(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let places = &mut self.tables().shelf.places;
        let over = places.iter().filter(|(_, place)| place.until < before).map(|(key, _)| *key);
        let over: Vec<_> = over.take(limit as usize).collect();
        for key in &over {
            places.remove(key);
        }
        Ok(u32::try_from(over.len()).unwrap_or(u32::MAX))
    }

    async fn outputs(&self) -> Result<Vec<Arc<str>>, StoreError> {
        let tables = self.tables();
        let kept = tables.shelf.places.values().filter_map(|place| place.output.clone());
        let taken = tables.runs.values().flat_map(Row::taken);
        Ok(kept.chain(taken).collect())
    }
}
