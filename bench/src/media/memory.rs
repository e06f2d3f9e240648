//! The most memory that this process and the programs that it runs hold at a time.

use std::{
    collections::HashMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How often it is looked at.
const EVERY: Duration = Duration::from_millis(50);

/// Looks until it is asked.
pub(crate) struct Memory {
    stop: Arc<AtomicBool>,
    looking: JoinHandle<Most>,
}

/// The most that was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Most {
    /// Of this process alone.
    pub(crate) own_bytes: u64,
    /// Of it and the programs, at one time; what they share counts for each.
    pub(crate) all_bytes: u64,
    /// Programs at one time.
    pub(crate) programs: usize,
}

impl Memory {
    /// Looks from now on.
    pub(crate) fn watch() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let looking = thread::spawn(move || {
            let mut most = Most::default();
            while !stopped.load(Ordering::Relaxed) {
                most.look();
                thread::sleep(EVERY);
            }
            most
        });
        Self { stop, looking }
    }

    /// What was seen until now.
    pub(crate) fn most(self) -> Most {
        self.stop.store(true, Ordering::Relaxed);
        self.looking.join().unwrap_or_default()
    }
}

impl Most {
    fn look(&mut self) {
        let mut children: HashMap<u32, Vec<(u32, u64)>> = HashMap::new();
        for (process, parent, bytes) in processes() {
            children.entry(parent).or_default().push((process, bytes));
        }
        let (mut below, mut at, mut programs) = (0, vec![std::process::id()], 0);
        while let Some(process) = at.pop() {
            for &(child, bytes) in children.get(&process).into_iter().flatten() {
                (below, programs) = (below + bytes, programs + 1);
                at.push(child);
            }
        }
        let own = resident(&fs::read_to_string("/proc/self/statm").unwrap_or_default());
        self.own_bytes = self.own_bytes.max(own);
        self.all_bytes = self.all_bytes.max(own + below);
        self.programs = self.programs.max(programs);
    }
}

/// Each process, its parent, and its memory in RAM; those that end meanwhile are left out.
fn processes() -> Vec<(u32, u32, u64)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let found = entries.filter_map(|entry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        Some((process, parent, resident(&fs::read_to_string(entry.path().join("statm")).ok()?)))
    });
    found.collect()
}

/// The second field, in pages.
fn resident(statm: &str) -> u64 {
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
