//! A workflow of one step that does nothing, for tests that count runs.

use stagemark::{Definition, Name, Workflow, from_fn};

pub(crate) const ECHO: Workflow<u32, u32> = Workflow::new("echo");

/// Answers what it is asked.
#[allow(dead_code, reason = "clients submit what hosts serve")]
pub(crate) fn echo() -> Definition {
    ECHO.define(|n| n.then(from_fn(Name::new("answer"), |_, n: u32| async move { Ok(n) })))
}
