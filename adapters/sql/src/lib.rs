//! Keeps the runs of a Stagemark engine in a `SQLite` file, through sea-orm.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(&folder)?;
//! use stagemark::Engine;
//! use stagemark_sql::SqlStore;
//!
//! let engine = Engine::builder(SqlStore::open("sqlite://stagemark.db").await?).start().await?;
//! # Ok(()) }
//! ```
mod companion;
mod convert;
mod error;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod transaction;

pub use open::{Migrations, OpenOptions, Synchronous};
pub use store::SqlStore;
pub use transaction::{InTransaction, SubmitIn};
