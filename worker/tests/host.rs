//! A worker host for tests, in processes of its own: it is what a user's `main` would be, with steps that tests can hold.

use std::{path::Path, time::Duration};

use stagemark::{Artifact, Attempt, Definition, Name, Permanent, Step, StepError, from_fn};
use stagemark_worker::{Worker, WorkerError};

#[path = "contract.rs"]
mod contract;

use contract::{HAND_OVER, HOLD};

#[tokio::main]
async fn main() -> Result<(), WorkerError> {
    let host = Worker::from_env()?.serve(hold()).serve(hand_over()).start().await?;
    if let Ok(input) = std::env::var("TEST_SUBMIT") {
        let run = host.engine().submit(HAND_OVER, input).key("first").await.expect("the run is accepted");
        println!("submitted {}", run.id());
    }
    println!("listens {}", host.address().expect("the tests ask for health"));
    host.until_told().await
}

/// One step, which tells that it has begun by a file, and waits for another.
fn hold() -> Definition {
    HOLD.define(|folder| folder.then(from_fn(Name::new("hold"), held).timeout(Duration::from_mins(5))))
}

async fn held(attempt: Attempt, folder: String) -> Result<u32, StepError> {
    let folder = Path::new(&folder);
    std::fs::write(folder.join("begun"), "")?;
    while !folder.join("go-on").exists() {
        if attempt.is_cancelled() {
            return Err("told to stop".into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(attempt.number())
}

/// One step here, and one on the hosts of another pool.
fn hand_over() -> Definition {
    let write = from_fn(Name::new("write"), |attempt: Attempt, text: String| async move {
        if attempt.number() == 1 {
            return Err("the first attempt fails".into());
        }
        Ok(attempt.put("text", text).await?)
    });
    let read = from_fn(Name::new("read"), |attempt: Attempt, artifact: Artifact| async move {
        let scratch = attempt.scratch().await?;
        attempt.fetch(&artifact, &scratch.file("text")).await?;
        std::fs::read_to_string(scratch.file("text")).permanent()
    });
    let backoff = stagemark::Backoff::Fixed(Duration::from_millis(10));
    HAND_OVER.define(|text| text.then(write.backoff(backoff)).then(read.pool(Name::new("far"))))
}
