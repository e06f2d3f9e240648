//! The showcase as people use it: a real process, a real browser, real videos.
//!
//! `cargo xtask test` builds the page and installs the browser first.

mod browser;
mod crash;
mod host;
