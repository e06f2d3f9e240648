//! The media pipeline on the engine, beside one hand-written ffmpeg command that does the same work in one pass.
//!
//! All that is compared is measured in turns in one run, so that a busy machine is busy for each.

mod by_hand;
mod cost;
mod crowd;
mod figures;
mod memory;
mod ours;
mod picture;
mod quality;
mod watch;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use stagemark_media::{Video, assets::CLIP};

use by_hand::ByHand;
use cost::Cost;
use figures::{Figure, Spread, Target};
use ours::Ours;
use picture::Bar;
use quality::Quality;

/// How the media pipeline is measured.
#[derive(Debug, Args)]
#[group(id = "of-media")]
pub(crate) struct Options {
    /// Measures the media pipeline.
    #[arg(long)]
    pub(crate) media: bool,
    /// The video that is put through it (default: the repository's clip of 5 s).
    #[arg(long, value_name = "FILE", requires = "media")]
    input: Option<PathBuf>,
    /// Draws the processor time of each way into this file.
    #[arg(long, value_name = "FILE.svg", requires = "media")]
    picture: Option<PathBuf>,
    /// How often each way is measured.
    #[arg(long, default_value_t = 5, value_name = "N", requires = "media")]
    rounds: usize,
    /// How many uploads come at once; 0 leaves this part out.
    #[arg(long, default_value_t = 20, value_name = "N", requires = "media")]
    uploads: u32,
    /// The ffmpeg that judges the quality: VMAF is told where it has it.
    #[arg(long, default_value = "ffmpeg", value_name = "PROGRAM", requires = "media")]
    judge: PathBuf,
}

/// The ways in which the same video is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ByHand,
    Warm,
    Cold,
    Alone,
}

const WAYS: [Way; 4] = [Way::ByHand, Way::Warm, Way::Cold, Way::Alone];

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::ByHand => "one command by hand",
            Self::Warm => "fused, bumpers kept",
            Self::Cold => "fused, bumpers made",
            Self::Alone => "step by step",
        }
    }
}

/// One way, once.
#[derive(Clone, Copy)]
struct Sample {
    cost: Cost,
    /// What was read and written by what makes the video, as a multiple of the input's bytes and the output's.
    io: f64,
    out_bytes: u64,
}

/// What all is measured with.
struct Bench {
    folder: PathBuf,
    clip: PathBuf,
    clip_bytes: u64,
    by_hand: ByHand,
    warm: Ours,
    alone: Ours,
    /// What comes of the pipeline.
    video: Video,
}

/// Measures the pipeline and prints the tables.
pub(crate) async fn measure(dir: &Path, options: &Options) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir_in(dir)?;
    watch::begin()?;
    let clip = options.input.clone().unwrap_or_else(|| folder.path().join("clip.mp4"));
    if options.input.is_none() {
        fs::write(&clip, CLIP)?;
    }
    let bench = Bench::begin(folder.path(), &clip).await?;
    bench.introduce();
    let mut rounds = Vec::new();
    for round in 0..options.rounds.max(1) {
        rounds.push(bench.round(round).await?);
    }
    print_ways(&rounds);
    if let Some(file) = &options.picture {
        draw(file, &rounds)?;
    }
    let mut figures = of_rounds(&rounds);
    figures.extend(bench.quality(&options.judge).await?);
    if options.uploads > 0 {
        figures.extend(crowd::measure(&bench.folder, &clip, options.uploads).await?);
    }
    println!("\n## Figures and targets\n\n| figure | target | measured | met |\n|---|---|---|---|");
    figures.iter().for_each(Figure::print);
    let confining = crowd::confining()?.as_secs_f64() * 1000.0;
    println!("\nTo confine a program costs {confining:.1} ms of CPU more, which counts with the programs.");
    bench.warm.end().await?;
    bench.alone.end().await
}

impl Bench {
    /// Runs everything once, so that each cache is warm for each way, and the bumpers are kept.
    async fn begin(folder: &Path, clip: &Path) -> Result<Self, Box<dyn Error>> {
        let warm = Ours::start(&folder.join("warm"), true, 2).await?;
        let alone = Ours::start(&folder.join("alone"), false, 2).await?;
        let video = warm.run(clip).await?.video;
        let other = alone.run(clip).await?.video;
        let by_hand = ByHand::new(&folder.join("by-hand"), clip, &video)?;
        let made = by_hand::frames_of(&by_hand.run().await?)?;
        if other.frames != video.frames || made.abs_diff(video.frames) > 1 {
            let (fused, alone) = (video.frames, other.frames);
            return Err(format!("fused makes {fused} pictures, step by step {alone}, the command {made}").into());
        }
        let (folder, clip_bytes) = (folder.to_owned(), fs::metadata(clip)?.len());
        Ok(Self { folder, clip: clip.to_owned(), clip_bytes, by_hand, warm, alone, video })
    }

    fn introduce(&self) {
        let (seconds, frames) = (self.video.duration.as_secs_f64(), self.video.frames);
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        println!("# The media pipeline beside one ffmpeg command\n");
        println!("{} bytes come in, {frames} pictures in {seconds:.2} s come out;", self.clip_bytes);
        println!("the load of the machine was {load} before. By hand:\n");
        println!("```sh\n{}\n```\n", self.by_hand.typed());
    }

    /// Each way once; each round begins with another.
    async fn round(&self, number: usize) -> Result<[Sample; 4], Box<dyn Error>> {
        let none = Sample { cost: Cost::default(), io: 0.0, out_bytes: 0 };
        let mut samples = [none; 4];
        for turn in 0..WAYS.len() {
            let at = (number + turn) % WAYS.len();
            samples[at] = match WAYS[at] {
                Way::ByHand => self.once_by_hand().await?,
                Way::Warm => self.once(&self.warm).await?,
                Way::Alone => self.once(&self.alone).await?,
                Way::Cold => {
                    // A store of its own, in which no bumper was ever kept.
                    let cold = Ours::start(&self.folder.join("cold"), true, 2).await?;
                    let sample = self.once(&cold).await?;
                    cold.end().await?;
                    sample
                }
            };
        }
        Ok(samples)
    }

    async fn once(&self, ours: &Ours) -> Result<Sample, Box<dyn Error>> {
        let run = ours.run(&self.clip).await?;
        if run.video.frames != self.video.frames {
            return Err(format!("{} pictures were made, {} before", run.video.frames, self.video.frames).into());
        }
        Ok(self.sample(run.cost, run.worker_bytes, run.video.artifact.size_bytes))
    }

    async fn once_by_hand(&self) -> Result<Sample, Box<dyn Error>> {
        let (cost, made) = Cost::of(self.by_hand.run()).await?;
        Ok(self.sample(cost, cost.bytes, fs::metadata(made)?.len()))
    }

    fn sample(&self, cost: Cost, bytes: u64, out_bytes: u64) -> Sample {
        Sample { cost, io: bytes as f64 / (self.clip_bytes + out_bytes) as f64, out_bytes }
    }

    /// Compares what the pipeline made, and what the command made, each with its own pictures without loss: of one of them
    /// alone, a picture that is scaled a column wider would count as a loss of the other.
    async fn quality(&self, judge: &Path) -> Result<Vec<Figure>, Box<dyn Error>> {
        let file = |name: &str| self.folder.join(name);
        let (by_hand, of_hand) = (self.by_hand.run().await?, self.by_hand.run_lossless().await?);
        let (fused, alone, of_ours) = (file("fused.mp4"), file("alone.mp4"), file("lossless.mp4"));
        self.warm.export(&self.warm.run(&self.clip).await?.video, &fused).await?;
        self.alone.export(&self.alone.run(&self.clip).await?.video, &alone).await?;
        let lossless = Ours::start_lossless(&file("lossless")).await?;
        lossless.export(&lossless.run(&self.clip).await?.video, &of_ours).await?;
        lossless.end().await?;
        println!("\n## Quality, of its own pictures without loss\n\n| | SSIM | VMAF | bytes |\n|---|---|---|---|");
        let mut of = Vec::new();
        let ways = [(Way::ByHand, by_hand, &of_hand), (Way::Warm, fused, &of_ours), (Way::Alone, alone, &of_ours)];
        for (way, file, reference) in ways {
            let quality = Quality::of(&file, reference, judge).await?;
            let vmaf = quality.vmaf.map_or_else(|| "this ffmpeg has none".to_owned(), |vmaf| format!("{vmaf:.2}"));
            println!("| {} | {:.5} | {vmaf} | {} |", way.name(), quality.ssim, fs::metadata(&file)?.len());
            of.push(quality);
        }
        fs::remove_file(of_hand)?;
        fs::remove_file(of_ours)?;
        let ssim = vec![of[1].ssim - of[0].ssim];
        let mut figures = vec![Figure::new("SSIM, fused less by hand", Target::AtLeast(-0.0005), ssim).digits(5)];
        if let (Some(fused), Some(by_hand)) = (of[1].vmaf, of[0].vmaf) {
            let vmaf = vec![fused - by_hand];
            figures.push(Figure::new("VMAF, fused less by hand", Target::AtLeast(-0.1), vmaf).digits(3));
        }
        Ok(figures)
    }
}

/// A value of each round for this way.
fn each(rounds: &[[Sample; 4]], way: Way, value: impl Fn(&Sample) -> f64) -> Vec<f64> {
    rounds.iter().map(|round| value(&round[way as usize])).collect()
}

/// The same, as a multiple of what the command by hand has in the same round.
fn times(rounds: &[[Sample; 4]], way: Way, value: impl Fn(&Sample) -> f64) -> Vec<f64> {
    rounds.iter().map(|round| value(&round[way as usize]) / value(&round[Way::ByHand as usize])).collect()
}

fn cpu(sample: &Sample) -> f64 {
    sample.cost.cpu.as_secs_f64()
}

fn wall(sample: &Sample) -> f64 {
    sample.cost.wall.as_secs_f64()
}

fn own_ms(sample: &Sample) -> f64 {
    sample.cost.own.as_secs_f64() * 1000.0
}

fn print_ways(rounds: &[[Sample; 4]]) {
    println!("The median of {} rounds, and in brackets the least and the most.\n", rounds.len());
    println!(
        "| | CPU, s | of by hand | wall, s | of by hand | this process, CPU ms | programs | I/O of in + out | MB out |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for way in WAYS {
        let spread = |value: &dyn Fn(&Sample) -> f64| Spread::of(each(rounds, way, value));
        let of_hand = |value: fn(&Sample) -> f64| Spread::of(times(rounds, way, value));
        let programs = if way == Way::ByHand { 1.0 } else { spread(&|sample| sample.cost.programs as f64).median };
        println!(
            "| {} | {} | {} | {} | {} | {} | {programs} | {} | {:.2} |",
            way.name(),
            spread(&cpu),
            of_hand(cpu),
            spread(&wall),
            of_hand(wall),
            spread(&own_ms),
            spread(&|sample| sample.io),
            spread(&|sample| sample.out_bytes as f64 / 1e6).median,
        );
    }
}

fn of_rounds(rounds: &[[Sample; 4]]) -> Vec<Figure> {
    let programs = |sample: &Sample| sample.cost.programs as f64;
    let io = |sample: &Sample| sample.io;
    let at_most = |what: &str, most, measured| Figure::new(what, Target::AtMost(most), measured);
    vec![
        at_most("CPU, bumpers kept, of by hand", 0.95, times(rounds, Way::Warm, cpu)),
        at_most("CPU, bumpers made, of by hand", 1.05, times(rounds, Way::Cold, cpu)),
        at_most("wall, bumpers kept, of by hand", 1.0, times(rounds, Way::Warm, wall)),
        at_most("read and written, bumpers kept, of in + out", 2.5, each(rounds, Way::Warm, io)),
        at_most("read and written, bumpers made, of in + out", 2.5, each(rounds, Way::Cold, io)),
        Figure::new("the engine's own CPU, bumpers kept, ms", Target::Below(30.0), each(rounds, Way::Warm, own_ms)),
        Figure::new("the engine's own CPU, bumpers made, ms", Target::Below(30.0), each(rounds, Way::Cold, own_ms)),
        at_most("programs, bumpers kept", 4.0, each(rounds, Way::Warm, programs)),
        at_most("programs, bumpers made", 4.0, each(rounds, Way::Cold, programs)),
    ]
}

fn draw(file: &Path, rounds: &[[Sample; 4]]) -> Result<(), Box<dyn Error>> {
    let bars = WAYS.map(|way| Bar {
        name: way.name(),
        spread: Spread::of(each(rounds, way, cpu)),
        times: Spread::of(times(rounds, way, cpu)).median,
    });
    Ok(picture::draw(file, "Processor time from an upload to the finished video", &bars)?)
}
