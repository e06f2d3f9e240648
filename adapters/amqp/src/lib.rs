//! Carries Stagemark's hints through `RabbitMQ`, by `lapin`.
//!
//! A pool of workers has one durable quorum queue, `stagemark.<pool>`, and beside it `stagemark.<pool>.dead` for
//! messages that cannot be read. Hints are published with confirms, and acked once the claim that they asked for is
//! committed. What is not acked when its reader dies, the broker gives to another.
//!
//! Nothing is believed of the broker: a hint may be lost, doubled or late, and the engine finds the run in its store
//! all the same. So each call here ends within a time limit, and each connection is made anew when it fails.
//!
//! ```no_run
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use stagemark::{Engine, MemoryStore};
//! use stagemark_amqp::AmqpDispatch;
//!
//! let broker = AmqpDispatch::connect("amqp://stagemark:secret@broker:5672/%2f").await?;
//! let engine = Engine::builder(MemoryStore::new()).dispatch(broker).start().await?;
//! # Ok(()) }
//! ```
//!
//! Features:
//! - `tls`: `amqps://` URLs, by rustls with aws-lc-rs.

mod builder;
mod connection;
mod dead_letter;
mod dispatch;
mod error;
mod message;
mod pause;
mod publish;
mod queue;
mod receipts;
mod receive;
mod session;
mod socket;

pub use builder::AmqpBuilder;
pub use dispatch::AmqpDispatch;
pub use error::AmqpError;
pub use message::REASON_HEADER;
