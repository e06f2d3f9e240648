//! What a child process used: processor time, and bytes read and written.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use rustix::param::clock_ticks_per_second;
use stagemark::Attempt;

const CPU: &str = "stagemark_media_cpu_seconds";
const READ: &str = "stagemark_media_read_bytes_total";
const WRITTEN: &str = "stagemark_media_written_bytes_total";

/// What a process and the children that it waited for have used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    cpu: Duration,
    read_bytes: u64,
    written_bytes: u64,
}

impl Usage {
    /// Of a process that was not yet waited for: afterwards the kernel has forgotten it. What cannot be read, as on
    /// systems without `/proc`, counts as nothing.
    pub(super) fn of(process: u32) -> Self {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
        let (io, stat) = (read("io"), read("stat"));
        Self { cpu: cpu(&stat), read_bytes: bytes(&io, "rchar: "), written_bytes: bytes(&io, "wchar: ") }
    }

    /// Adds it to what the step has used.
    pub(super) fn count(self, program: &'static str, attempt: &Attempt) {
        describe_histogram!(CPU, Unit::Seconds, "Processor time of media processes, all their threads together");
        describe_counter!(READ, Unit::Bytes, "What media processes read, from files, pipes and the cache alike");
        describe_counter!(WRITTEN, Unit::Bytes, "What media processes wrote, to files and pipes");
        let step = attempt.step().as_str();
        histogram!(CPU, "step" => step, "program" => program).record(self.cpu);
        counter!(READ, "step" => step, "program" => program).increment(self.read_bytes);
        counter!(WRITTEN, "step" => step, "program" => program).increment(self.written_bytes);
    }
}

/// The times in user and in kernel mode, the waited-for children's too: the 14th to 17th field.
fn cpu(stat: &str) -> Duration {
    // The name of the program, in brackets, is the second field and may hold anything.
    let after_name = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks: u64 = after_name.split(' ').skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks.saturating_mul(1000) / clock_ticks_per_second().max(1))
}

fn bytes(io: &str, name: &str) -> u64 {
    io.lines().find_map(|line| line.strip_prefix(name)?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_that_has_ended_and_was_not_waited_for_tells_what_it_used() {
        let spin = "head -c 50000000 /dev/zero | sha256sum";
        let mut child = Command::new("sh").args(["-c", spin]).stdout(Stdio::piped()).spawn().unwrap();
        std::io::copy(&mut child.stdout.take().unwrap(), &mut std::io::sink()).unwrap();

        let mut used = Usage::of(child.id());
        for _ in 0..200 {
            // The shell waits for its children after they have closed the pipe.
            used = Usage::of(child.id());
            if used.read_bytes > 50_000_000 && !used.cpu.is_zero() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.wait().unwrap();

        assert!(used.read_bytes > 50_000_000 && used.written_bytes > 50_000_000, "{used:?}");
        assert!(used.cpu > Duration::ZERO && used.cpu < Duration::from_mins(1), "{used:?}");
        assert_eq!(Usage::of(child.id()), Usage::default(), "once it was waited for, nothing is known");
    }

    #[test]
    fn odd_figures_count_as_nothing() {
        assert_eq!(cpu(""), Duration::ZERO);
        assert_eq!(cpu("7 (a) b) S 1 2"), Duration::ZERO);
        assert_eq!(cpu("7 (ff) mpeg) S 1 1 1 0 -1 4 1 0 0 0 100 50 25 25 20 0"), Duration::from_secs(2));
        assert_eq!(bytes("rchar: none\nwchar: 5", "rchar: "), 0);
    }
}
