//! The whole system: the ready path, the faults, and the tidiness of the tree.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod all_kinds;
mod changed_graph;
mod disk_faults;
mod fixture;
mod kept;
mod kill;
mod kill_in_a_pass;
mod kill_in_a_segment;
mod operators;
mod passes;
mod readme;
mod ready_path;
mod segments;
mod shutdown;
mod spans;
mod step_faults;
mod tidy;
mod timers;
mod two_processes;
