//! Services that the engine can do without: asked with a time limit, and left alone for a while after they failed, so
//! that what they speed up is not slowed down by their outage.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, timeout};

use super::clock::jittered;
use crate::ports::AcceleratorError;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a service that failed is left alone.
pub(crate) const RETRY: Duration = Duration::from_millis(500);

/// A service, and whether it answers.
#[derive(Debug)]
pub(crate) struct Aid<P: ?Sized> {
    pub(crate) port: Arc<P>,
    /// What it is, for operators.
    what: &'static str,
    /// What the engine does while the service does not answer, for operators.
    without: &'static str,
    /// When one that failed is asked again; `None` while it answers.
    outage: Mutex<Option<Instant>>,
}

impl<P: ?Sized> Aid<P> {
    pub(crate) fn new(port: Arc<P>, what: &'static str, without: &'static str) -> Self {
        Self { port, what, without, outage: Mutex::new(None) }
    }

    /// The answer, or `None` where there is none: the service failed, or did so a moment ago.
    pub(crate) async fn ask<T>(&self, answer: impl Future<Output = Result<T, AcceleratorError>>) -> Option<T> {
        if !self.may_ask() {
            return None;
        }
        let late = || Err(AcceleratorError::new("waiting for an answer", format!("none came within {PATIENCE:?}")));
        match timeout(PATIENCE, answer).await.unwrap_or_else(|_| late()) {
            Ok(answer) => {
                if self.outage().take().is_some() {
                    tracing::info!(service = self.what, "the service answers again");
                }
                Some(answer)
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                if self.outage().replace(Instant::now() + jittered(RETRY)).is_none() {
                    tracing::warn!(service = self.what, error, "the service does not answer; {}", self.without);
                } else {
                    tracing::debug!(service = self.what, error, "the service does not answer yet");
                }
                None
            }
        }
    }

    /// Whether the service answered when it was asked last.
    pub(crate) fn answers(&self) -> bool {
        self.outage().is_none()
    }

    /// While it fails, one at a time tries it.
    fn may_ask(&self) -> bool {
        let now = Instant::now();
        match &mut *self.outage() {
            Some(until) if *until > now => false,
            Some(until) => {
                *until = now + PATIENCE;
                true
            }
            None => true,
        }
    }

    fn outage(&self) -> MutexGuard<'_, Option<Instant>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn aid() -> Aid<str> {
        Aid::new(Arc::from("a service"), "tests", "nothing is lost")
    }

    async fn fail(aid: &Aid<str>) -> Option<()> {
        aid.ask(ready(Err(AcceleratorError::new("trying", "it is away")))).await
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_failed_is_left_alone_for_a_while() {
        let aid = aid();
        fail(&aid).await;

        assert_eq!(aid.ask(ready(Ok(7))).await, None);

        tokio::time::advance(RETRY * 2).await;
        assert_eq!(aid.ask(ready(Ok(7))).await, Some(7));
        assert!(aid.answers());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_says_nothing_is_given_up_in_time() {
        let (aid, begun) = (aid(), Instant::now());

        let answer = aid.ask(pending::<Result<(), _>>()).await;

        assert_eq!((answer, begun.elapsed()), (None, PATIENCE));
        assert!(!aid.answers());
    }

    #[tokio::test(start_paused = true)]
    async fn while_it_fails_one_at_a_time_tries_it() {
        let aid = aid();
        fail(&aid).await;
        tokio::time::advance(RETRY * 2).await;

        let (first, second) = tokio::join!(aid.ask(pending::<Result<(), _>>()), aid.ask(ready(Ok(()))));

        assert_eq!((first, second), (None, None));
    }
}
