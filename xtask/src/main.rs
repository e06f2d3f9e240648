//! The commands of this repository: `cargo xtask showcase`, `demo`, `test`, `bench` and `services`.
//!
//! Each first sees to what it needs from the system, then hands over to cargo, or starts servers.

mod need;
mod provide;
mod rights;
mod services;
mod web;

use std::{
    env,
    ffi::OsString,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use crate::need::Need;

const USAGE: &str = "\
The commands of this repository. What they need from the system they install, or say how.

Usage: cargo xtask <COMMAND> [OPTIONS]

Commands:
  showcase
         Runs a short-video contest, and prints where its page is (--dir DIR, --listen ADDRESS); with --cluster
         as it is deployed: nginx, two API hosts and two workers, on private servers (the same options)
  demo   Runs a real video through the pipeline (see cargo xtask demo --help)
  test   Runs every test; takes the options of cargo test
  bench  Measures the engine and the pipeline (see cargo xtask bench --help); with --showcase what the contest's API
         bears (see cargo xtask bench --showcase --help)
  services up|down|status [--dir DIR]
         Starts, stops or shows private servers: PostgreSQL, Redis, RabbitMQ and an S3 store";

/// The parts of the bench that need servers, and the option that stands for all of them.
const ON_SERVERS: [&str; 7] = ["--cluster", "postgres", "fleet", "claims", "fan-out", "idle", "artifacts"];

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    let done = match command.to_str() {
        Some("showcase") => showcase(arguments),
        Some("demo") => demo(arguments),
        Some("test") => test(&arguments),
        Some("bench") => bench(arguments),
        Some("services") => services::run(&arguments),
        Some("" | "help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(format!("there is no command {}\n\n{USAGE}", command.display())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// What takes time is ffmpeg: without optimisation the contest is there sooner.
fn showcase(mut arguments: Vec<OsString>) -> Result<(), String> {
    provide::all(&[Need::CC, Need::FFMPEG, Need::LIMITS, Need::PYTHON])?;
    let page = web::build()?;
    if arguments.iter().any(|argument| argument == "--cluster") {
        arguments.retain(|argument| argument != "--cluster");
        return showcase_on_a_cluster(arguments, &page);
    }
    if dir_of(&arguments).is_none() {
        arguments.extend(["--dir".into(), root().join("stagemark-showcase").into()]);
    }
    arguments.extend(["--web".into(), page.into()]);
    hand_over(cargo(&["run", "--package", "stagemark-contest", "--"]).args(arguments))
}

/// The servers stay up afterwards, as `cargo xtask services` has them. Those of a folder that is asked for are its own:
/// accounts are in them, whose secrets are in the folder.
fn showcase_on_a_cluster(mut arguments: Vec<OsString>, page: &Path) -> Result<(), String> {
    provide::all(&[Need::NGINX])?;
    let packages = ["stagemark-contest", "stagemark-contest-api", "stagemark-contest-worker"];
    let packages = packages.iter().flat_map(|name| ["--package", name]);
    run(cargo(&["build", "--bins"]).args(packages))?;
    let here = env::current_exe().map_err(|error| format!("the folder of the programs is not known: {error}"))?;
    let mut cluster = Command::new(here.with_file_name("stagemark-contest-cluster"));
    if !arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        let servers = match dir_of(&arguments) {
            Some(dir) => dir.join("services"),
            None => root().join("stagemark-services"),
        };
        cluster.envs(services::up(&servers)?);
        println!("The servers end by cargo xtask services down --dir {}", servers.display());
    }
    if dir_of(&arguments).is_none() {
        arguments.extend(["--dir".into(), root().join("stagemark-showcase/cluster").into()]);
    }
    hand_over(cluster.args(arguments).arg("--web").arg(page))
}

/// The folder that is asked for, by `--dir DIR` or `--dir=DIR`.
fn dir_of(arguments: &[OsString]) -> Option<PathBuf> {
    arguments.iter().enumerate().find_map(|(at, argument)| match argument.to_str()? {
        "--dir" => arguments.get(at + 1).map(PathBuf::from),
        other => other.strip_prefix("--dir=").map(PathBuf::from),
    })
}

fn demo(mut arguments: Vec<OsString>) -> Result<(), String> {
    provide::all(&[Need::CC, Need::FFMPEG, Need::LIMITS])?;
    if dir_of(&arguments).is_none() {
        arguments.extend(["--dir".into(), root().join("stagemark-demo").into()]);
    }
    if arguments.iter().any(|argument| argument == "--cluster") {
        return demo_on_a_cluster(&arguments);
    }
    // What takes time is ffmpeg; without optimisation the demo is there in half the time.
    hand_over(cargo(&["run", "--package", "stagemark-demo", "--"]).args(arguments))
}

/// The servers stay up afterwards, as `cargo xtask services` has them.
fn demo_on_a_cluster(arguments: &[OsString]) -> Result<(), String> {
    let variables = services::up(&root().join("stagemark-services"))?;
    run(&mut cargo(&["build", "--package", "stagemark-demo", "--package", "stagemark-example-worker"]))?;
    // As it was built with the host: by itself it would be built again, with fewer features of what both depend on.
    let here = env::current_exe().map_err(|error| format!("the folder of the programs is not known: {error}"))?;
    hand_over(Command::new(here.with_file_name("stagemark-demo")).args(arguments).envs(variables))
}

fn test(arguments: &[OsString]) -> Result<(), String> {
    let ours = [Need::CC, Need::FFMPEG, Need::LIMITS, Need::MOUNT, Need::FAKETIME];
    let deployed = [Need::NGINX, Need::ENVSUBST, Need::SYSTEMD, Need::CHROMIUM];
    provide::all(&[ours.as_slice(), &deployed, &services::needs()].concat())?;
    stagemark_services::WEED.install().map_err(|error| error.to_string())?;
    web::test()?;
    web::build()?;
    // All that does not compile is said before anything runs, and each test finds the programs of ours that it starts.
    run(&mut cargo(&["test", "--workspace", "--no-run"]))?;
    hand_over(cargo(&["test", "--workspace", "--no-fail-fast"]).args(arguments))
}

fn bench(mut arguments: Vec<OsString>) -> Result<(), String> {
    if let Some(place) = arguments.iter().position(|argument| argument == "--showcase") {
        arguments.remove(place);
        return bench_of_the_showcase(&arguments);
    }
    provide::all(&[Need::CC, Need::FFMPEG, Need::LIMITS])?;
    if arguments.iter().any(|argument| ON_SERVERS.iter().any(|part| argument == part)) {
        provide::all(&services::needs())?;
        stagemark_services::WEED.install().map_err(|error| error.to_string())?;
    }
    hand_over(cargo(&["run", "--release", "--package", "stagemark-bench", "--"]).args(arguments))
}

/// The servers are private ones, which end with it.
fn bench_of_the_showcase(arguments: &[OsString]) -> Result<(), String> {
    provide::all(&[[Need::CC, Need::NGINX, Need::WRK].as_slice(), &services::needs()].concat())?;
    stagemark_services::WEED.install().map_err(|error| error.to_string())?;
    stagemark_services::OHA.install().map_err(|error| error.to_string())?;
    let packages = ["--package", "stagemark-contest-bench", "--package", "stagemark-contest-api"];
    run(cargo(&["build", "--release", "--bins"]).args(packages))?;
    let here = env::current_exe().map_err(|error| format!("the folder of the programs is not known: {error}"))?;
    let target = here.ancestors().nth(2).unwrap_or(Path::new("."));
    hand_over(Command::new(target.join("release/stagemark-contest-bench")).args(arguments))
}

/// The folder of this repository.
fn root() -> PathBuf {
    // As cargo says it when it runs this program; else as it was when the program was built.
    let here = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().map_or_else(|| here.clone(), Path::to_path_buf)
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(&arguments[..1]).arg("--manifest-path").arg(root().join("Cargo.toml")).args(&arguments[1..]);
    cargo
}

fn run(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{} ended with {status}", shown(command))),
        Err(error) => Err(format!("{} could not be started: {error}", shown(command))),
    }
}

/// Becomes this command, so that signals and the terminal are its own.
fn hand_over(command: &mut Command) -> Result<(), String> {
    let error = command.exec();
    Err(format!("{} could not be started: {error}", shown(command)))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_found_in_both_ways_of_asking_for_it() {
        let found = |words: &[&str]| dir_of(&words.iter().map(OsString::from).collect::<Vec<_>>());

        assert_eq!(found(&["--listen", "a:1", "--dir", "here"]), Some("here".into()));
        assert_eq!(found(&["--dir=here", "--listen", "a:1"]), Some("here".into()));
        assert_eq!(found(&["--listen", "a:1"]), None);
    }
}
