//! What the test hosts and those who submit to them agree on.

use stagemark::Workflow;

/// Holds a step until a file appears in the folder; gives the number of the attempt that ended.
pub(crate) const HOLD: Workflow<String, u32> = Workflow::new("hold");
/// Hands a text from a host of the pool `default` to one of the pool `far`.
pub(crate) const HAND_OVER: Workflow<String, String> = Workflow::new("hand-over");
