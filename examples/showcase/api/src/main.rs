//! A host of the contest's API.

use std::{error::Error, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = stagemark_contest_api::run().await else { return ExitCode::SUCCESS };
    let mut told = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push(error.to_string());
        cause = error.source();
    }
    eprintln!("{}", told.join(": "));
    ExitCode::FAILURE
}
