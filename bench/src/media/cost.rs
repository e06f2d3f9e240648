//! What some work has cost this process and the programs that it ran.

use std::{
    error::Error,
    iter::Sum,
    ops::Add,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

use super::watch;

/// What some work has cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// Processor time, of this process and of the programs that it ran.
    pub(crate) cpu: Duration,
    /// The part of it that this process used itself.
    pub(crate) own: Duration,
    /// What both read and wrote, from and to files and pipes.
    pub(crate) bytes: u64,
    /// How many programs the media steps ran.
    pub(crate) programs: u64,
}

impl Cost {
    /// Of this work, and what came of it.
    pub(crate) async fn of<T>(
        work: impl Future<Output = Result<T, Box<dyn Error>>>,
    ) -> Result<(Self, T), Box<dyn Error>> {
        let (begun, before) = (Instant::now(), Self::so_far()?);
        let made = work.await?;
        let (wall, after) = (begun.elapsed(), Self::so_far()?);
        let cost = Self {
            wall,
            cpu: after.cpu.saturating_sub(before.cpu),
            own: after.own.saturating_sub(before.own),
            bytes: after.bytes.saturating_sub(before.bytes),
            programs: after.programs.saturating_sub(before.programs),
        };
        Ok((cost, made))
    }

    fn so_far() -> Result<Self, Box<dyn Error>> {
        let own = Duration::try_from(clock_gettime(ClockId::ProcessCPUTime))?;
        let cpu = own + of_children()?;
        Ok(Self { wall: Duration::ZERO, cpu, own, bytes: bytes()?, programs: watch::programs() })
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            wall: self.wall + other.wall,
            cpu: self.cpu + other.cpu,
            own: self.own + other.own,
            bytes: self.bytes + other.bytes,
            programs: self.programs + other.programs,
        }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Add::add)
    }
}

/// The processor time of the children that have ended, in hundredths of a second.
pub(crate) fn of_children() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').ok_or("stat names no process")?.1;
    // cutime and cstime.
    let ticks = after_name.split_whitespace().skip(13).take(2).map(str::parse::<u64>);
    Ok(Duration::from_millis(ticks.sum::<Result<u64, _>>()? * 10))
}

/// What was read and written so far; the kernel adds what a child did when it was waited for.
fn bytes() -> Result<u64, Box<dyn Error>> {
    let io = std::fs::read_to_string("/proc/self/io")?;
    let counts = io.lines().filter_map(|line| line.strip_prefix("rchar: ").or(line.strip_prefix("wchar: ")));
    Ok(counts.map(str::parse::<u64>).sum::<Result<u64, _>>()?)
}
