//! What was delivered over a channel and is not acknowledged, and how it is with the fewest acknowledgements.
//!
//! An acknowledgement may stand for all messages up to its own: to a quorum queue that is one entry in its log, instead
//! of one a message. It may be used only where each of them is done with, whatever the order in which they are.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lapin::{Acker, options::BasicAckOptions};

/// The messages that are out, by tags that grow over all channels. A message that comes again has another tag.
#[derive(Clone, Debug, Default)]
pub(crate) struct Receipts {
    state: Arc<Mutex<State<Acker>>>,
}

#[derive(Debug)]
struct State<A> {
    /// The highest tag of earlier channels; the broker counts from one on each.
    base: u64,
    highest: u64,
    /// Up to this tag everything is acknowledged.
    floor: u64,
    /// What is acknowledged above it.
    above: BTreeSet<u64>,
    out: HashMap<u64, A>,
}

impl<A> Default for State<A> {
    fn default() -> Self {
        let (above, out) = Default::default();
        Self { base: 0, highest: 0, floor: 0, above, out }
    }
}

impl Receipts {
    /// Takes note of a message that came; gives its tag.
    pub(crate) fn note(&self, delivery_tag: u64, acker: Acker) -> u64 {
        self.state().note(delivery_tag, acker)
    }

    /// How these messages are acknowledged. What came over an earlier channel is not known any more.
    pub(crate) fn acknowledge(&self, tags: impl IntoIterator<Item = u64>) -> Vec<(Acker, BasicAckOptions)> {
        let acks = self.state().acknowledge(tags);
        acks.into_iter().map(|(acker, multiple)| (acker, BasicAckOptions { multiple })).collect()
    }

    pub(crate) fn are_none(&self) -> bool {
        self.state().out.is_empty()
    }

    /// Forgets the messages of a channel that is gone: they come again.
    pub(crate) fn forget(&self) {
        self.state().forget();
    }

    fn state(&self) -> MutexGuard<'_, State<Acker>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A> State<A> {
    fn note(&mut self, delivery_tag: u64, acker: A) -> u64 {
        let tag = self.base + delivery_tag;
        self.highest = self.highest.max(tag);
        self.out.insert(tag, acker);
        tag
    }

    /// The acknowledgements, each with whether it stands for all before it.
    fn acknowledge(&mut self, tags: impl IntoIterator<Item = u64>) -> Vec<(A, bool)> {
        let done: BTreeMap<u64, A> = tags.into_iter().filter_map(|tag| Some((tag, self.out.remove(&tag)?))).collect();
        let (mut together, mut acks) = (None, Vec::new());
        for (tag, acker) in done {
            if tag == self.floor + 1 {
                together = Some((acker, true));
                self.floor = tag;
                while self.above.remove(&(self.floor + 1)) {
                    self.floor += 1;
                }
            } else {
                self.above.insert(tag);
                acks.push((acker, false));
            }
        }
        acks.extend(together);
        acks
    }

    fn forget(&mut self) {
        (self.base, self.floor) = (self.highest, self.highest);
        self.above.clear();
        self.out.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A channel on which so many messages came.
    fn channel(messages: u64) -> State<u64> {
        let mut state = State::default();
        for tag in 1..=messages {
            assert_eq!(state.note(tag, tag), tag);
        }
        state
    }

    #[test]
    fn what_comes_in_a_row_is_acknowledged_at_once() {
        let mut state = channel(5);

        assert_eq!(state.acknowledge([2, 1, 3]), [(3, true)]);
        assert_eq!(state.acknowledge([4, 5]), [(5, true)]);
        assert!(state.out.is_empty());
    }

    #[test]
    fn a_message_that_is_still_out_is_not_passed_over() {
        let mut state = channel(4);

        assert_eq!(state.acknowledge([1, 3]), [(3, false), (1, true)]);
        assert_eq!(state.acknowledge([4]), [(4, false)]);
        assert_eq!(state.acknowledge([2]), [(2, true)], "all are done with now");
        assert_eq!(state.floor, 4);
    }

    #[test]
    fn a_message_is_acknowledged_once() {
        let mut state = channel(1);

        assert_eq!(state.acknowledge([1, 1]), [(1, true)]);
        assert_eq!(state.acknowledge([1]), []);
    }

    #[test]
    fn what_came_over_an_earlier_channel_is_not_acknowledged_on_the_next() {
        let mut state = channel(3);
        state.forget();

        assert_eq!(state.note(1, 1), 4, "another tag than before");
        assert_eq!(state.acknowledge([1, 2, 3]), []);
        assert_eq!(state.acknowledge([4]), [(1, true)]);
    }

    proptest! {
        /// The broker's view: whatever the order, just what was settled is acknowledged.
        #[test]
        fn the_broker_hears_of_what_was_settled_and_of_no_more(
            batches in prop::collection::vec(prop::collection::vec(1_u64..30, 0..8), 0..20),
        ) {
            let mut state = channel(29);
            let (mut settled, mut heard) = (BTreeSet::new(), BTreeSet::new());
            for batch in batches {
                settled.extend(batch.iter().copied());
                for (tag, multiple) in state.acknowledge(batch) {
                    heard.extend(if multiple { 1..=tag } else { tag..=tag });
                }
                prop_assert_eq!(&heard, &settled);
            }
        }
    }
}
