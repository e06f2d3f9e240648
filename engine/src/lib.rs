//! A durable workflow engine with a pluggable step API.
//!
//! Write steps as impls of [`Step`], chain them into a typed [`Workflow`], and an [`Engine`] carries every [`Run`] to its
//! end through crashes and restarts: each finished step leaves a stage marker in the [store](ports::Store).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use stagemark::{Attempt, Engine, MemoryStore, Name, Step, StepError, Workflow};
//!
//! const WELCOME: Workflow<String, String> = Workflow::new("welcome");
//!
//! struct Greet;
//!
//! impl Step for Greet {
//!     const NAME: Name = Name::new("greet");
//!     type Input = String;
//!     type Output = String;
//!
//!     async fn run(&self, _attempt: &Attempt, name: String) -> Result<String, StepError> {
//!         Ok(format!("Hello, {name}"))
//!     }
//! }
//!
//! let engine = Engine::builder(MemoryStore::new())
//!     .serve(WELCOME.define(|name| name.then(Greet)))
//!     .start()
//!     .await?;
//!
//! let run = engine.submit(WELCOME, "Ada".to_owned()).key("ada").await?;
//! assert_eq!(run.result().await?, "Hello, Ada");
//! # Ok(()) }
//! ```
//!
//! What is promised of side effects: a step's code may run more than once, its commit happens once.
//! [`Attempt::idempotency_key`] is the same at each attempt, for services that drop repeated calls.
//!
//! What operators watch is counted by the facade of the crate `metrics`: install a recorder before the engine starts.
//! The feature `otel` makes each run one trace, from its submission through all attempts on all hosts: spans of
//! `tracing` get their parents by `tracing-opentelemetry`.

mod artifact;
mod attempt;
mod builder;
mod collect;
mod doctor;
mod driver;
mod engine;
mod error;
mod fusion;
mod group;
mod local_cache;
mod lock;
mod memory;
mod name;
mod operate;
pub mod ports;
mod priority;
mod progress;
mod rate;
mod reuse;
mod run;
mod run_id;
mod runs;
mod schedule;
mod scratch;
mod service;
mod status;
mod step;
mod submission;
mod submit;
mod trace;
mod workflow;

pub use artifact::{Artifact, ArtifactReader, ArtifactWriter, Scratch};
pub use attempt::Attempt;
pub use builder::{Builder, StartError};
pub use collect::{CollectError, Collector, Garbage};
pub use doctor::Stuck;
pub use driver::stats::CommitStats;
pub use engine::Engine;
pub use error::{Permanent, StepError};
pub use fusion::{Family, Fusible, Member, Pass};
pub use lock::{Lock, LockError};
pub use memory::{MemoryArtifacts, MemoryDedup, MemoryDispatch, MemoryLimits, MemoryLive, MemoryLocks, MemoryStore};
pub use name::Name;
pub use operate::{ForgetError, RedriveError};
pub use priority::Priority;
pub use rate::Rate;
pub use reuse::Reuse;
pub use run::{Run, RunError};
pub use run_id::RunId;
pub use runs::{RunFilter, RunPage, RunSummary};
pub use schedule::{CatchUp, Overlap, Schedule, ScheduleError, ScheduleStatus, Unscheduled};
pub use service::{StepCall, StepService};
pub use stagemark_rules::{Backoff, Status, Timestamp, WorkerId};
pub use status::{FailedStep, RunStatus, TaskState, TaskStatus};
pub use step::{DEFAULT_POOL, FromFn, Options, Payload, Step, Tuned, from_fn};
pub use submit::{Prepared, Submit, SubmitError};
pub use workflow::{Definition, Node, Workflow};
