//! A shelf in this process: for one that serves alone.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use stagemark::ports::AcceleratorError;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{Shelf, Shown};

/// A shelf in this process. Others cannot see what is on it.
#[derive(Debug, Default)]
pub struct MemoryShelf {
    place: Mutex<Place>,
}

#[derive(Debug, Default)]
struct Place {
    /// The number of what is there, or may be put there.
    number: Option<Uuid>,
    text: Option<(String, Instant)>,
}

impl MemoryShelf {
    fn place(&self) -> MutexGuard<'_, Place> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if place.text.as_ref().is_some_and(|(_, until)| *until <= Instant::now()) {
            *place = Place::default();
        }
        place
    }
}

#[async_trait]
impl Shelf for MemoryShelf {
    async fn look(&self, known: Option<Uuid>) -> Result<Shown, AcceleratorError> {
        let mut place = self.place();
        let number = *place.number.get_or_insert_with(Uuid::new_v4);
        Ok(match &place.text {
            Some(_) if known == Some(number) => Shown::Known,
            Some((text, _)) => Shown::Text(number, text.clone()),
            None => Shown::Nothing(number),
        })
    }

    async fn put(&self, number: Uuid, text: &str, time_to_live: Duration) -> Result<bool, AcceleratorError> {
        let mut place = self.place();
        let is_mine = place.number == Some(number);
        if is_mine {
            place.text = Some((text.to_owned(), Instant::now() + time_to_live));
        }
        Ok(is_mine)
    }

    async fn clear(&self) -> Result<(), AcceleratorError> {
        *self.place() = Place::default();
        Ok(())
    }
}
