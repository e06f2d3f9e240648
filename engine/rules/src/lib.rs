//! The rules of a run: [`decide()`] is a pure function from a run and an event to the next run.
//!
//! Nothing here reads a clock, rolls a die or waits: the time and the jitter come with the event. The store decides
//! nothing and the driver decides nothing; every state that a run has ever had was computed here.
//!
//! ```
//! use stagemark_rules::{begin, decide, Event, Input, Policy, Shape, Status, TaskId, Timestamp, WorkerId};
//!
//! let mut shape = Shape::new();
//! let trim = shape.step("trim", 0, Policy::default());
//! let run = begin(&shape, Input::One, Timestamp(0)).run;
//!
//! let task = TaskId::of(trim);
//! let run = decide(&shape, &run, Event::Claimed { task, worker: WorkerId(7) }, Timestamp(1)).unwrap().run;
//! let run = decide(&shape, &run, Event::Succeeded { task, attempt: 1, width: None }, Timestamp(2)).unwrap().run;
//! assert_eq!(run.status, Status::Ready);
//! ```

mod claimable;
mod decide;
mod event;
mod open;
mod pass;
mod shape;
mod state;
mod stored;

pub use claimable::claimable;
pub use decide::{Decision, advance, begin, decide};
pub use event::{Effect, Event, Input, Jitter, Rejected};
pub use shape::{Backoff, Kind, NodeShape, Policy, Shape};
pub use state::{Fusion, Phase, Run, Status, Task, TaskId, Timestamp, WorkerId};
pub use stored::{implied, restore};
