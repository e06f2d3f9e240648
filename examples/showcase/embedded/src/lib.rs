//! What the programs of the showcase share.

pub mod secrets;

use std::{error::Error, iter, process::ExitCode};

/// How a program ends: an error is told with all its causes, for people.
///
/// ```
/// use std::process::ExitCode;
///
/// assert_eq!(stagemark_contest::ended(Ok(())), ExitCode::SUCCESS);
/// assert_eq!(stagemark_contest::ended(Err("the page is not built".into())), ExitCode::FAILURE);
/// ```
pub fn ended(done: Result<(), Box<dyn Error>>) -> ExitCode {
    let Err(error) = done else { return ExitCode::SUCCESS };
    eprintln!("{}", told(&*error));
    ExitCode::FAILURE
}

fn told(error: &dyn Error) -> String {
    let causes = iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}
