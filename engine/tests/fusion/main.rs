//! Fusion, as a family sees it that lives outside the engine: calculations on numbers, many in one go.

mod companions;
mod equal;
mod failures;
mod groups;
#[path = "../common/guarded.rs"]
mod guarded;
mod guide;
mod hosts;
mod numbers;
mod passes;
mod store;
