//! Attempts at several steps: what a pass and the attempts at its steps have from each other.

use std::sync::Arc;

use stagemark_rules::TaskId;
use tokio::time::Instant;

use super::{Attempt, Identity, Inner, Listen, Listener};
use crate::Name;

/// Hands what is heard of a pass on to its members.
#[derive(Debug)]
struct Spread(Vec<Attempt>);

impl Listen for Spread {
    fn heard(&self, pass: &Attempt, _first: bool) {
        let Some(heard) = pass.heard() else { return };
        for member in &self.0 {
            member.beat(|beat| (beat.fraction, beat.message) = (heard.fraction, Arc::clone(&heard.message)));
        }
    }
}

impl Attempt {
    /// The pass that these attempts are: in the place of this one, with a listener and artifacts of its own.
    pub(crate) fn over(&self, members: Vec<Self>) -> Self {
        let Inner { identity, cancel, places, .. } = &*self.inner;
        let first = members.first().map(|first| (first.inner.identity.task.node, first.number()));
        let (identity, cancel, places) = (Identity { pass: first, ..*identity }, cancel.clone(), Arc::clone(places));
        let (key, beat, companions, resume) = Default::default();
        let listener: Option<Listener> = Some(Arc::new(Spread(members.clone())));
        Self { inner: Arc::new(Inner { identity, cancel, resume, key, beat, companions, listener, members, places }) }
    }

    /// The same attempt, of a step of another name.
    pub(crate) fn named(&self, step: Name) -> Self {
        let Inner { identity, cancel, listener, places, .. } = &*self.inner;
        Self::new(Identity { step, ..*identity }, cancel.clone(), None, listener.clone(), Arc::clone(places))
    }

    /// The attempts at the steps of a pass; none where it is no pass.
    pub(crate) fn members(&self) -> &[Self] {
        &self.inner.members
    }

    /// The tasks that it is an attempt at: one, but in a pass.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = TaskId> + '_ {
        let is_pass = !self.inner.members.is_empty();
        let itself = (!is_pass).then_some(self.inner.identity.task);
        itself.into_iter().chain(self.inner.members.iter().map(|member| member.inner.identity.task))
    }

    /// When something was last heard, of any of its steps.
    pub(crate) fn last_heard(&self) -> Option<Instant> {
        let of_members = self.inner.members.iter().filter_map(Self::last_heard).max();
        self.heard().map(|heard| heard.at).max(of_members)
    }
}
