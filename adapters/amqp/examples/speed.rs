//! How many hints come through a broker in a second: published in batches with confirms, received, and settled.
//!
//! `AMQP_URL=amqp://… cargo run --release -p stagemark-amqp --example speed`; without the variable, a private broker is
//! started.

use std::{error::Error, sync::Arc, time::Instant};

use stagemark::{
    Priority, RunId,
    ports::{Dispatch, Hint},
};
use stagemark_amqp::AmqpDispatch;

const HINTS: usize = 50_000;
const BATCH: usize = 512;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = stagemark_services::amqp_url()?;
    let client = async || AmqpDispatch::builder(url.as_str()).prefix("stagemark-speed").connect().await;
    let (host, worker) = (client().await?, client().await?);
    let pools: [Arc<str>; 1] = ["default".into()];
    let hint = || Hint {
        run: RunId::new(),
        node: 0,
        workflow: "speed".into(),
        version: 1,
        pool: Arc::clone(&pools[0]),
        priority: Priority::Normal,
        trace: None,
    };
    let hints: Vec<_> = (0..HINTS).map(|_| hint()).collect();

    let begun = Instant::now();
    let publishing = async {
        for batch in hints.chunks(BATCH) {
            host.publish(batch).await?;
        }
        println!("published: {}", rate(begun));
        Ok(())
    };
    let receiving = async {
        let mut received = 0;
        while received < HINTS {
            let deliveries = worker.receive(&pools, BATCH).await?;
            received += deliveries.len();
            worker.settle(deliveries).await?;
        }
        println!("published, received and settled: {}", rate(begun));
        Ok(())
    };
    tokio::try_join!(publishing, receiving)
        .map(|((), ())| ())
        .map_err(|error: stagemark::ports::DispatchError| error.into())
}

fn rate(begun: Instant) -> String {
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "it is small")]
    let rate = HINTS as f64 / seconds;
    format!("{HINTS} hints in {seconds:.1} s, {rate:.0}/s")
}
