//! Many uploads at once, beside a plain shell loop over the same ffmpeg commands.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use futures::future::try_join_all;

use super::{
    cost::Cost,
    figures::{Figure, Target, seconds},
    memory::{Memory, Most},
    ours::Ours,
    watch::{self, Recorded},
};

/// How many at a time the shell loop runs, each tried.
const AT_A_TIME: [u32; 4] = [1, 2, 3, 4];

/// All uploads, done.
struct Round {
    cost: Cost,
    most: Most,
    /// How long each of them waited to be done, from the moment when all came; of the shell loop it is not known.
    waits: Vec<Duration>,
}

/// Measures both in turns, the engine first and last.
pub(crate) async fn measure(folder: &Path, clip: &Path, uploads: u32) -> Result<Vec<Figure>, Box<dyn Error>> {
    let cores = std::thread::available_parallelism().map_or(2, |cores| u32::try_from(cores.get()).unwrap_or(2));
    let ours = Ours::start(&folder.join("crowd"), true, cores).await?;
    ours.run(clip).await?;
    let steps = record(&ours, folder, clip).await?;
    println!("\n## {uploads} uploads at once\n");
    println!("| | wall | CPU | uploads/minute | programs at a time | memory, most: this process | with the programs |");
    println!("|---|---|---|---|---|---|---|");
    let mut engine = vec![of_engine(&ours, clip, uploads).await?];
    print(&format!("the engine, {cores} slots"), uploads, &engine[0]);
    let mut loops = Vec::new();
    for at_a_time in AT_A_TIME {
        let round = of_shell(folder, &steps, uploads, at_a_time).await?;
        print(&format!("shell loop, {at_a_time} at a time"), uploads, &round);
        loops.push(round);
    }
    let last = of_engine(&ours, clip, uploads).await?;
    print(&format!("the engine, {cores} slots, again"), uploads, &last);
    engine.push(last);
    ours.end().await?;
    Ok(figures(uploads, &engine, &loops))
}

/// The commands that one run gives, with their files.
async fn record(ours: &Ours, folder: &Path, clip: &Path) -> Result<Vec<Recorded>, Box<dyn Error>> {
    watch::record(&folder.join("recorded"));
    ours.run(clip).await?;
    watch::recorded()
}

async fn of_engine(ours: &Ours, clip: &Path, uploads: u32) -> Result<Round, Box<dyn Error>> {
    let mut sources = Vec::new();
    for _ in 0..uploads {
        sources.push(ours.upload(clip).await?);
    }
    let memory = Memory::watch();
    let begun = Instant::now();
    let (cost, mut waits) = Cost::of(try_join_all(sources.into_iter().map(async |source| {
        ours.publish(source).await?;
        Ok::<_, Box<dyn Error>>(begun.elapsed())
    })))
    .await?;
    waits.sort_unstable();
    Ok(Round { cost, most: memory.most(), waits })
}

async fn of_shell(folder: &Path, steps: &[Recorded], uploads: u32, at_a_time: u32) -> Result<Round, Box<dyn Error>> {
    let jobs = folder.join("jobs");
    for number in 0..uploads {
        lay_out(&jobs.join(number.to_string()), steps)?;
    }
    let scripts = (0..uploads).fold(String::new(), |mut scripts, number| {
        // Writing to a string does not fail.
        let _ = writeln!(scripts, "{number}/job.sh");
        scripts
    });
    fs::write(jobs.join("all"), scripts)?;
    let memory = Memory::watch();
    let (cost, ()) = Cost::of(async {
        let mut xargs = tokio::process::Command::new("xargs");
        xargs.args(["-a", "all", "-n", "1", "-P", &at_a_time.to_string(), "sh", "-e"]).current_dir(&jobs);
        let ended = xargs.stdout(std::process::Stdio::null()).status().await?;
        if ended.success() { Ok(()) } else { Err("the shell loop failed".into()) }
    })
    .await?;
    let most = memory.most();
    fs::remove_dir_all(jobs)?;
    Ok(Round { cost, most, waits: Vec::new() })
}

/// The folder of one upload, with the files that each command begins with, and a script of the commands.
fn lay_out(job: &Path, steps: &[Recorded]) -> Result<(), Box<dyn Error>> {
    let mut script = String::new();
    for (step, number) in steps.iter().zip(0..) {
        let place: PathBuf = job.join(number.to_string());
        fs::create_dir_all(&place)?;
        for entry in fs::read_dir(&step.folder)? {
            let entry = entry?;
            fs::copy(entry.path(), place.join(entry.file_name()))?;
        }
        let words: Vec<_> = step.words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
        writeln!(script, "cd '{}'\n{} 2>&1", place.canonicalize()?.display(), words.join(" "))?;
    }
    Ok(fs::write(job.join("job.sh"), script)?)
}

fn print(name: &str, uploads: u32, round: &Round) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "| {name} | {} s | {} s | {:.1} | {} | {:.0} MiB | {:.0} MiB |",
        seconds(round.cost.wall),
        seconds(round.cost.cpu),
        f64::from(uploads) / round.cost.wall.as_secs_f64() * 60.0,
        round.most.programs,
        mib(round.most.own_bytes),
        mib(round.most.all_bytes),
    );
}

fn figures(uploads: u32, engine: &[Round], loops: &[Round]) -> Vec<Figure> {
    let best = loops.iter().map(|round| round.cost.wall).min().unwrap_or_default().as_secs_f64();
    let rates = engine.iter().map(|round| best / round.cost.wall.as_secs_f64()).collect();
    let fair = engine.iter().map(|round| {
        let (longest, median) = (round.waits.last(), round.waits.get(round.waits.len() / 2));
        longest.map_or(0.0, Duration::as_secs_f64) / median.map_or(1.0, Duration::as_secs_f64)
    });
    let memory = engine.iter().map(|round| round.most.all_bytes as f64 / f64::from(1 << 20));
    vec![
        Figure::new(format!("{uploads} at once: throughput, of the best shell loop"), Target::AtLeast(0.95), rates),
        Figure::new("the longest wait, of the median", Target::Below(2.0), fair.collect()),
        Figure::new("memory with all programs, MiB", Target::Said, memory.collect()),
    ]
}

/// What it costs to start a program that is confined as the media steps confine theirs, without the program itself.
pub(crate) fn confining() -> Result<Duration, Box<dyn Error>> {
    const WORDS: [&str; 9] = [
        "--net",
        "prlimit",
        "--as=4294967296",
        "--cpu=7200",
        "--nofile=64",
        "--core=0",
        "setpriv",
        "--no-new-privs",
        "true",
    ];
    const TIMES: u32 = 50;
    let children = || super::cost::of_children();
    let before = children()?;
    for _ in 0..TIMES {
        if !Command::new("unshare").args(WORDS).status()?.success() {
            return Err("unshare could not start `true`".into());
        }
    }
    Ok(children()?.saturating_sub(before) / TIMES)
}
