//! Fusion, as a family sees it that lives outside the engine: calculations on numbers, many in one go.

mod companions;
mod equal;
mod failures;
mod groups;
mod guide;
mod hosts;
mod numbers;
mod passes;
mod store;
