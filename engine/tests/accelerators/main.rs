//! Engines that share a store and accelerators in memory, as hosts share a database and a service.

mod dedup;
mod fickle;
mod fixture;
mod limits;
mod live;
mod locks;
