//! The programs of the README, as doctests.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
