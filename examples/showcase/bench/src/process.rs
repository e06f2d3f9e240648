//! What the system says of a process: its processor time, and the most memory it had.

use std::{fs, io, time::Duration};

/// A process, by its id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// The processor time that it has used, in all its threads.
    pub(crate) fn cpu(self) -> io::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The name may have blanks in it; after it come the state and, as the 12th and 13th, the times.
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let ticks = fields.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>();
        Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
    }

    /// The most memory that it had in RAM since it was last forgotten, in bytes.
    pub(crate) fn most_bytes(self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let most =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        most.map(|kib: u64| kib << 10)
            .ok_or_else(|| io::Error::other("the system does not tell the memory of a process"))
    }

    /// Forgets the most memory that it had until now.
    pub(crate) fn forget_most(self) -> io::Result<()> {
        fs::write(format!("/proc/{}/clear_refs", self.0), "5")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_time_and_memory() {
        let process = Process(std::process::id());
        let before = process.cpu().unwrap();
        while process.cpu().unwrap() == before {
            std::hint::black_box((0..1_000_000_u64).sum::<u64>());
        }

        assert!(process.most_bytes().unwrap() > 1 << 20);
    }
}
