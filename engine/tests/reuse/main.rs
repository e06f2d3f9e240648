//! Results that are kept: runs over the same input take them, and what several want at once is made once.

mod fixture;
mod gone;
#[path = "../common/guarded.rs"]
mod guarded;
mod once;
mod passes;
mod takes;
