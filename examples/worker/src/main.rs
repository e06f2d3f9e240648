//! A worker host of the video pipeline. Start as many as there are machines; `docs/operate.md` has the settings.

use stagemark_video::publish;
use stagemark_worker::{Worker, WorkerError};

#[tokio::main]
async fn main() -> Result<(), WorkerError> {
    Worker::from_env()?.serve(publish()).run().await
}
