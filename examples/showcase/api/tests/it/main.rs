//! The API over real HTTP.

mod accounts;
mod clips;
mod cluster;
mod fixture;
mod hostile;
mod problems;
mod rights;
mod runs;
mod uploads;
mod watch;
