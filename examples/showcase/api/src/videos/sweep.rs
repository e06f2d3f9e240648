//! Uploads that were begun and never completed.

use std::{convert::Infallible, time::Duration};

use stagemark_blob::PartsError;
use stagemark_contest_contract::Moment;
use stagemark_contest_records::videos;
use tokio::time::MissedTickBehavior;

use super::incoming::discard;
use crate::{Api, Problem};

/// How often stale uploads are looked for.
const INTERVAL: Duration = Duration::from_hours(1);
/// How long an upload may take. Longer than any step of a worker does, too.
const UPLOAD_MAX: Duration = Duration::from_hours(48);

impl Api {
    /// Removes stale uploads from time to time, for as long as it is polled. Each host may do so beside its work.
    pub async fn tend(&self) -> Infallible {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.remove_stale_uploads(UPLOAD_MAX).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "videos whose files did not come in were removed"),
                // Why was logged where it happened; the next time may do better.
                Err(problem) => tracing::debug!(?problem, "stale uploads were not removed"),
            }
        }
    }

    /// Removes the videos that were announced longer ago than this and whose files have not come in, with what has come
    /// in of them; gives how many there were, at most a hundred. Any host may do it, at any time; once an hour will do.
    ///
    /// Choose longer than any upload takes, and any step's: what workers began to write and did not finish goes too.
    pub async fn remove_stale_uploads(&self, older_than: Duration) -> Result<usize, Problem> {
        let age = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
        let before = Moment::now().0.saturating_sub(age);
        let mut removed = 0;
        for video in videos::stale(self.records.reader(), before).await? {
            let transaction = self.records.begin().await?;
            // It may have come in since it was looked at.
            if let Some(cancelled) = videos::cancel(&transaction, video.id).await? {
                transaction.commit().await?;
                discard(self, &cancelled).await;
                removed += 1;
            }
        }
        let failed = |error: PartsError| Problem::unavailable("removing stale uploads", &error);
        let forgotten = self.uploads.parts().abort_stale(older_than).await.map_err(failed)?;
        if forgotten > 0 {
            tracing::info!(forgotten, "uploads that no video knows were removed");
        }
        Ok(removed)
    }
}
