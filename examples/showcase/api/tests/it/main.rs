//! The API over real HTTP.

mod accounts;
mod clips;
mod cluster;
mod conforming;
mod documents;
mod fixture;
mod hostile;
mod limits;
mod load;
mod memory;
mod ops;
mod problems;
mod rankings;
mod rights;
mod runs;
mod slow;
mod traces;
mod uploads;
mod watch;
