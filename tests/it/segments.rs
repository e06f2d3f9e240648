//! A film that is encoded in segments, for workers that are killed in the middle of one.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use stagemark::{Attempt, Backoff, Definition, Name, Options, Step, StepError, Workflow};
use stagemark_media::{
    EncodeSegment, EncodedSegment, Encoding, JoinSegments, PlanSegments, Probe, Segment, Upload, Video,
};

/// Encodes a film in segments, one after the other.
pub(crate) const FILM: Workflow<Upload, Video> = Workflow::new("film");

/// Long enough that a worker keeps it while its encoder takes all processors.
pub(crate) const LEASE: Duration = Duration::from_secs(10);

/// While this file is in the folder, the second segment does not end.
pub(crate) fn holds(folder: &Path) -> PathBuf {
    folder.join("hold-segment")
}

/// A line for each segment that was begun to be encoded: its number.
pub(crate) fn begun(folder: &Path) -> PathBuf {
    folder.join("begun")
}

/// Writes down which segment is encoded, and holds the second one.
struct Watched {
    folder: PathBuf,
    encode: EncodeSegment,
}

impl Step for Watched {
    const NAME: Name = EncodeSegment::NAME;
    type Input = Segment;
    type Output = EncodedSegment;

    fn options(&self) -> Options {
        Options { backoff: Backoff::Fixed(Duration::ZERO), concurrency: Some(1), ..self.encode.options() }
    }

    async fn run(&self, attempt: &Attempt, segment: Segment) -> Result<EncodedSegment, StepError> {
        let mut log = fs::File::options().create(true).append(true).open(begun(&self.folder))?;
        writeln!(log, "{}", segment.span.number)?;
        let is_second = segment.span.number == 1;
        let encoded = self.encode.run(attempt, segment).await;
        // However quick the encoder is, the kill comes before the end.
        if is_second && holds(&self.folder).exists() {
            attempt.cancelled().await;
        }
        encoded
    }
}

pub(crate) fn film(folder: &Path) -> Definition {
    // As slow as it gets, so that there is a middle.
    let slow = Encoding { preset: "placebo", crf: 1, ..Encoding::default() };
    let encode = Watched { folder: folder.to_owned(), encode: EncodeSegment::default().encoding(slow) };
    FILM.define(|upload| {
        let film = upload.then(Probe::default());
        let segments = film.then(PlanSegments::at_least(Duration::from_secs(1))).each(encode);
        film.and(segments).then(JoinSegments)
    })
}
