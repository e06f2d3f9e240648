//! A submission of something else than the workflow takes.
use stagemark::{Engine, Workflow};

const PUBLISH: Workflow<u32, u32> = Workflow::new("publish-video");

async fn submit(engine: Engine) {
    let _ = engine.submit(PUBLISH, "seven").await;
}

fn main() {}
