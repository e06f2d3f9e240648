//! Which runs go before others in the queue.

/// Which runs go before others in the queue; what runs already is not interrupted.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark::{Engine, MemoryStore, Priority, Workflow};
///
/// const ECHO: Workflow<u32, u32> = Workflow::new("echo");
/// let engine = Engine::builder(MemoryStore::new()).serve(ECHO.define(|n| n)).start().await?;
/// let run = engine.submit(ECHO, 7).priority(Priority::High).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// After all others.
    Low,
    /// As nearly all are.
    #[default]
    Normal,
    /// Before all others.
    High,
}

impl Priority {
    /// From the lowest to the highest.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];

    /// 0 for the lowest, then counting up: as tables and messages have it.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The priority of this [number](Self::number), if there is one.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}
