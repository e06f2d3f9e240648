//! The API of the contest, over HTTP.
//!
//! What lasts is the engine's and the database's; a host of the API holds nothing that another could not answer from.

mod accounts;
mod address;
mod body;
mod caller;
mod conditional;
mod cursor;
mod headers;
mod host;
mod limits;
mod observe;
mod openapi;
mod ops;
mod pages;
mod problem;
mod rankings;
mod router;
mod runs;
mod serve;
mod settings;
mod state;
mod tokens;
mod trace;
mod uploads;
mod videos;

pub use address::ClientAddress;
pub use body::{Json, Path, Query};
pub use caller::{Admin, Caller};
pub use host::{HostError, run};
pub use limits::Rates;
pub use openapi::document;
pub use problem::{Kind, Problem};
pub use router::router;
pub use serve::serve;
pub use settings::{ContestSettings, KEYS};
pub use state::{Api, ApiError, Parts, Shared};
pub use uploads::Uploads;
