//! A store whose claims can fail.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use stagemark::ports::{Claim, StoreError};

use crate::guarded::{Guard, Guarded, away};

/// It cannot be claimed from while it is away.
pub(crate) type Away = Guarded<NoClaims>;

/// Refuses claims while it is told to.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoClaims {
    refuses: Arc<AtomicBool>,
    refusals: Arc<AtomicUsize>,
}

impl Away {
    pub(crate) fn set_away(&self, refuses: bool) {
        self.guard.refuses.store(refuses, SeqCst);
    }

    /// How many claims of hinted runs failed.
    pub(crate) fn refusals(&self) -> usize {
        self.guard.refusals.load(SeqCst)
    }
}

impl Guard for NoClaims {
    fn claim(&self, claim: &Claim) -> Result<(), StoreError> {
        if !self.refuses.load(SeqCst) {
            return Ok(());
        }
        self.refusals.fetch_add(usize::from(!claim.hinted.is_empty()), SeqCst);
        Err(away("claiming"))
    }
}
