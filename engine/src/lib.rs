//! A durable workflow engine with a pluggable step API.
mod attempt;
mod error;
mod name;
pub mod ports;
mod run_id;
mod step;

pub use attempt::{Artifact, ArtifactWriter, Attempt, Scratch};
pub use error::{Permanent, StepError};
pub use name::Name;
pub use run_id::RunId;
pub use stagemark_rules::{Backoff, Status};
pub use step::{FromFn, Options, Payload, Step, Tuned, from_fn};
