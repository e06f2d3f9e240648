//! Waits between tries.

use std::time::Duration;

use tokio::time::sleep;

const FIRST: Duration = Duration::from_millis(100);
/// So long at most after the broker is back it is noticed.
const LONGEST: Duration = Duration::from_secs(2);

/// Waits that double, from 100 ms to 2 s, each a tenth more or less at random: those whom one fault hit do not come
/// back in step.
#[derive(Debug, Default)]
pub(crate) struct Pause(Duration);

impl Pause {
    pub(crate) async fn wait(&mut self) {
        self.0 = (self.0 * 2).clamp(FIRST, LONGEST);
        sleep(self.0.mul_f64(rand::random_range(0.9..1.1))).await;
    }
}
