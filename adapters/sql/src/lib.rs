//! Keeps the runs of a Stagemark engine in a `SQLite` file or in `PostgreSQL`, through sea-orm.
//!
//! The URL tells which: `sqlite://stagemark.db`, or `postgres://user:password@host/database`.
//! Features: `sqlite` and `postgres` (both are on by default) bring the two, `tls` brings encrypted connections to
//! `PostgreSQL` (`?sslmode=require`, or `verify-full`), by rustls with aws-lc-rs.
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
mod history;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
mod results;
mod schedules;
mod spans;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod transaction;

pub use open::{Migrations, OpenOptions, Synchronous};
pub use store::SqlStore;
pub use transaction::{InTransaction, SubmitIn};
