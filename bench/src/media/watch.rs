//! Sees the programs that the media steps run, by what they log: counts them, and records them to be run again.

use std::{
    error::Error,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::set_global_default,
};

/// Who logs each program that is started, at the level of debugging.
const TARGET: &str = "stagemark_media::runner::child";

static PROGRAMS: AtomicU64 = AtomicU64::new(0);
static RECORDING: Mutex<Option<Recording>> = Mutex::new(None);

/// What is being recorded: where the folders go, and what was said so far.
struct Recording {
    folder: PathBuf,
    said: Vec<String>,
    failed: Option<std::io::Error>,
}

/// A program that was run: a copy of its folder as it was then, and its words.
pub(crate) struct Recorded {
    pub(crate) folder: PathBuf,
    pub(crate) words: Vec<String>,
}

struct Watcher;

/// Watches from now on.
pub(crate) fn begin() -> Result<(), Box<dyn Error>> {
    Ok(set_global_default(Watcher)?)
}

/// How many programs were run so far.
pub(crate) fn programs() -> u64 {
    PROGRAMS.load(Ordering::Relaxed)
}

/// Records from now on, in this folder.
pub(crate) fn record(folder: &Path) {
    *recording() = Some(Recording { folder: folder.to_owned(), said: Vec::new(), failed: None });
}

/// What was recorded, without what confines each program.
pub(crate) fn recorded() -> Result<Vec<Recorded>, Box<dyn Error>> {
    let recording = recording().take().ok_or("nothing was recorded")?;
    if let Some(error) = recording.failed {
        return Err(error.into());
    }
    let programs = recording.said.iter().zip(0..).map(|(said, number)| {
        let words = words(said);
        let program = words.iter().position(|word| word.ends_with("/ffmpeg") || word.ends_with("/ffprobe"));
        let program = program.ok_or_else(|| format!("no program is known in {said}"))?;
        let words = words[program..].iter().map(|word| elsewhere(word).map_or_else(|| word.clone(), |(_, here)| here));
        Ok(Recorded { folder: recording.folder.join(number.to_string()), words: words.collect() })
    });
    programs.collect()
}

fn recording() -> std::sync::MutexGuard<'static, Option<Recording>> {
    RECORDING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recording {
    /// Copies the folder, which the steps change next.
    fn take(&mut self, said: String) {
        let to = self.folder.join(self.said.len().to_string());
        let words = words(&said);
        let from = words.first().map(String::as_str).unwrap_or_default();
        let copied = copy(Path::new(from), &to).and_then(|()| {
            let read = words.iter().filter_map(|word| elsewhere(word));
            let mut copies = read.map(|(file, _)| fs::copy(file, to.join(file.file_name().unwrap_or_default())));
            copies.try_for_each(|copied| copied.map(drop))
        });
        if let Err(error) = copied {
            self.failed.get_or_insert(error);
        }
        self.said.push(said);
    }
}

/// A file that a word names by its whole path, as it is not in the folder, and the word for a copy that is there.
fn elsewhere(word: &str) -> Option<(&Path, String)> {
    let file = Path::new(word.strip_prefix("file:").filter(|path| path.starts_with('/'))?);
    Some((file, format!("file:{}", file.file_name()?.to_str()?)))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The quoted words of a command as it is shown; the first is its folder.
fn words(said: &str) -> Vec<String> {
    let (mut words, mut word, mut signs) = (Vec::new(), None::<String>, said.chars());
    while let Some(sign) = signs.next() {
        match (sign, &mut word) {
            ('"', None) => word = Some(String::new()),
            ('"', Some(_)) => words.extend(word.take()),
            ('\\', Some(word)) => word.extend(signs.next()),
            (sign, Some(word)) => word.push(sign),
            (_, None) => {}
        }
    }
    words
}

impl Subscriber for Watcher {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == TARGET
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut command = Command(None);
        event.record(&mut command);
        if let Some(said) = command.0 {
            PROGRAMS.fetch_add(1, Ordering::Relaxed);
            if let Some(recording) = recording().as_mut() {
                recording.take(said);
            }
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The command that an event tells of.
struct Command(Option<String>);

impl Visit for Command {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "command" {
            self.0 = Some(format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_folder_is_known() {
        let (file, here) = elsewhere("file:/scratch/attempt-1/source").unwrap();

        assert_eq!((file, &*here), (Path::new("/scratch/attempt-1/source"), "file:source"));
        assert!(elsewhere("file:made1.mp4").is_none() && elsewhere("/usr/bin/ffmpeg").is_none());
    }

    #[test]
    fn a_command_is_read_as_it_is_shown() {
        let mut command = std::process::Command::new("/usr/bin/setpriv");
        command.args(["/usr/bin/ffmpeg", "-vf", r#"scale='max(2,iw)',drawtext="a\b""#]).current_dir("/some folder");

        let words = words(&format!("{:?}", command.env_clear()));

        assert_eq!(words[..3], ["/some folder", "/usr/bin/setpriv", "/usr/bin/ffmpeg"]);
        assert_eq!(words[3..], ["-vf", r#"scale='max(2,iw)',drawtext="a\b""#]);
    }
}
