//! The API over real HTTP.

mod fixture;
mod problems;
