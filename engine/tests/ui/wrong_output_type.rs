//! A result taken for another type than the workflow makes.
use stagemark::{Engine, Workflow};

const PUBLISH: Workflow<u32, u32> = Workflow::new("publish-video");

async fn submit(engine: Engine) {
    let run = engine.submit(PUBLISH, 7).await.unwrap();
    let _result: String = run.result().await.unwrap();
}

fn main() {}
