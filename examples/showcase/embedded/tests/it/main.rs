//! The showcase as people use it: real processes, a real browser, real videos.
//!
//! `cargo xtask test` builds the page and the programs, and installs the browser first.

mod browser;
mod cluster;
mod crash;
mod harm;
mod host;
