//! The lists of the contest's videos: the latest ones, which everybody sees first, are kept ready to be shown, with how
//! often each is liked and was viewed.
//!
//! [`Latest`] reads them from a [`Shelf`], which all hosts share in Redis or which is of one process, and from the database
//! where there are none on it. What is published, erased or liked takes them off the shelf; views do not, and are shown
//! some seconds late.

mod counts;
mod head;
mod latest;
mod memory;
mod redis;
mod shelf;

pub use counts::{Counts, ListError};
pub use head::Part;
pub use latest::Latest;
pub use memory::MemoryShelf;
pub use redis::RedisShelf;
pub use shelf::{Shelf, Shown};
