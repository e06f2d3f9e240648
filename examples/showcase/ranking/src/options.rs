//! How boards are kept.

use std::time::Duration;

use crate::Weights;

/// How boards are kept.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub(crate) weights: Weights,
    pub(crate) time_to_live: Duration,
    pub(crate) lease: Duration,
    pub(crate) patience: Duration,
    pub(crate) pause: Duration,
    pub(crate) computing_max: usize,
}

impl Options {
    /// The longest time to live.
    pub const TIME_TO_LIVE_MAX: Duration = Duration::from_hours(1);

    /// With these weights, and with defaults for the rest.
    pub fn new(weights: Weights) -> Self {
        Self {
            weights,
            time_to_live: Duration::from_mins(10),
            lease: Duration::from_secs(30),
            patience: Duration::from_secs(5),
            pause: Duration::from_millis(500),
            computing_max: 2,
        }
    }

    /// How long a board is kept before it is made anew (default 10 minutes, at most an hour).
    #[must_use]
    pub fn time_to_live(mut self, time_to_live: Duration) -> Self {
        self.time_to_live = time_to_live.min(Self::TIME_TO_LIVE_MAX);
        self
    }

    /// For how long one host may make a board before others may too (default 30 s).
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long a host waits for another that makes a board before it reads the database for itself (default 5 s).
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How many boards this host computes at once (default 2).
    #[must_use]
    pub fn computing_max(mut self, boards: usize) -> Self {
        self.computing_max = boards.max(1);
        self
    }
}
