//! Kills the worker process in mid-step, twice, and shows that the run goes on.

use std::{
    error::Error,
    process::{ExitCode, Stdio},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::Options;

/// The steps in which the worker is killed.
const VICTIMS: [&str; 2] = ["edit", "watermark"];

pub(crate) async fn demo(options: &Options) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    println!("The worker will be killed (kill -9) in {} and in {}.\n", VICTIMS[0], VICTIMS[1]);
    for (killed, victim) in VICTIMS.into_iter().enumerate() {
        // A finished run of this video has no step to be killed in.
        let worker = start(options, killed == 0, Stdio::piped())?;
        if !kill_in(worker, victim).await? {
            return Err(format!("the worker ended before it was seen in mid-{victim}").into());
        }
    }
    let status = start(options, false, Stdio::inherit())?.wait().await?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn start(options: &Options, fresh: bool, stdout: Stdio) -> std::io::Result<Child> {
    let mut worker = Command::new(std::env::current_exe()?);
    worker.arg("--dir").arg(&options.dir).stdout(stdout).kill_on_drop(true);
    if let Some(input) = &options.input {
        worker.arg("--input").arg(input);
    }
    if fresh {
        worker.arg("--fresh");
    }
    if options.plain {
        worker.arg("--plain");
    }
    worker.spawn()
}

/// Lets the worker go until it is in the middle of a step, and kills it there; tells whether it came so far.
async fn kill_in(mut worker: Child, victim: &str) -> Result<bool, Box<dyn Error + Send + Sync>> {
    let said = worker.stdout.take().ok_or("the worker has no output")?;
    let mut said = BufReader::new(said).lines();
    while let Some(line) = said.next_line().await? {
        println!("{line}");
        if line.starts_with(&format!("{victim}: attempt")) && line.ends_with('%') {
            worker.kill().await?;
            println!("\n--- the worker was killed in mid-{victim}; it is started again ---\n");
            return Ok(true);
        }
    }
    Ok(false)
}
