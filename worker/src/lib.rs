//! A worker host of Stagemark in ten lines: settings from a file and the environment, health and metrics over HTTP,
//! traces, and an end that drains.
//!
//! ```no_run
//! use stagemark::{Name, Workflow, from_fn};
//! use stagemark_worker::{Worker, WorkerError};
//!
//! const SHOUT: Workflow<String, String> = Workflow::new("shout");
//!
//! #[tokio::main]
//! async fn main() -> Result<(), WorkerError> {
//!     let upper = from_fn(Name::new("upper"), |_, text: String| async move { Ok(text.to_uppercase()) });
//!     Worker::from_env()?.serve(SHOUT.define(|text| text.then(upper))).run().await
//! }
//! ```
//!
//! `docs/operate.md` lists the settings, the pages and the metrics. All features are on by default: `postgres`, `amqp`,
//! `redis` and `s3` for what a cluster has besides workers, `tls` for encrypted connections to them, and `otel` for traces
//! that are sent to a collector.

mod connect;
mod failure;
mod health;
mod logs;
mod pages;
mod recorder;
mod settings;
mod signals;
mod traces;
mod worker;

pub use failure::WorkerError;
pub use settings::{
    Address, ArtifactPlace, Environment, Given, Key, LogFormat, S3Place, Settings, SettingsError, Source,
};
pub use worker::{Host, Worker};
