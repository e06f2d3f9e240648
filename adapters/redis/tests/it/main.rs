//! The adapter on a real Redis.

mod fixture;
mod suites;
