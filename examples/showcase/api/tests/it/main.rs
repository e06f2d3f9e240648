//! The API over real HTTP.

mod accounts;
mod fixture;
mod hostile;
mod problems;
