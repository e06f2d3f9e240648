//! The video at hand while a pass goes on, from one command to the next.

use tokio::fs;

use super::{Footage, Kind, Tell, join, original::Original, render::Render};
use crate::{MediaError, Video, Workbench};

/// The name under which what a pass made is put into the artifact store.
const OUT: &str = "out.mp4";

/// The video at hand while a pass goes on.
pub(crate) struct Reel<'a> {
    pub(super) bench: &'a Workbench<'a>,
    pub(super) video: Video,
    original: Original<'a>,
    /// Its file in the scratch folder, once it is there.
    file: Option<String>,
    /// How many files were made.
    made: u32,
    /// Whether each of its pictures was counted when it was encoded.
    counted: bool,
}

impl<'a> Reel<'a> {
    /// Of a video that is known, or of an upload that is looked into first.
    pub(super) async fn begin(bench: &'a Workbench<'a>, footage: Footage, parts: &[&Kind]) -> Result<Self, MediaError> {
        let mut original = Original::of(bench, footage, parts);
        let video = original.look().await?;
        let counted = video.digest.is_some();
        Ok(Self { bench, video, original, file: None, made: 0, counted })
    }

    /// Does what one ffmpeg command can do, before these other parts.
    pub(super) async fn play(&mut self, parts: &[&Kind], rest: &[&Kind], tell: &Tell<'_>) -> Result<(), MediaError> {
        // A join makes a file of its own in any case; the others may have nothing to do.
        let between = rest.iter().any(|part| matches!(part, Kind::Join(_)));
        match self.act(parts, between, tell).await {
            Err(refusal) if self.made == 0 && self.original.is_to_be_completed(&refusal) => {
                self.video = self.original.complete().await?;
                self.act(parts, between, tell).await
            }
            played => played,
        }
    }

    async fn act(&mut self, parts: &[&Kind], between: bool, tell: &Tell<'_>) -> Result<(), MediaError> {
        match parts {
            // An upload was looked into when the pass began, and what is known of a video is believed.
            [Kind::Probe(_)] => Ok(()),
            [Kind::Finish(finish)] if self.made == 0 => finish.check_stored(self.bench, &self.video).await,
            [Kind::Finish(finish)] => {
                let file = self.at_hand().await?;
                finish.check_made(self.bench, &self.video, &file, self.counted).await
            }
            [Kind::Loudness(_)] if !self.video.has_audio() => Ok(()),
            [Kind::Loudness(loudness)] => {
                // What is copied into an MP4 has to be plain.
                self.make_plain(tell).await?;
                let (from, to) = (self.at_hand().await?, self.next());
                let made = loudness.level(self.bench, &self.video, (&from, &to), tell).await?;
                self.take(made, to, self.counted);
                Ok(())
            }
            [Kind::Join(bumpers)] => {
                let (from, to) = (self.at_hand().await?, self.next());
                let made = join::join(self.bench, bumpers, &self.video, (&from, &to), tell).await?;
                self.take(made, to, self.counted);
                Ok(())
            }
            parts => self.render(parts, between, tell).await,
        }
    }

    async fn render(&mut self, parts: &[&Kind], between: bool, tell: &Tell<'_>) -> Result<(), MediaError> {
        // Another handle: the plan looks at the video, while its file may have to be fetched.
        let video = self.video.clone();
        let mut render = Render::of(&video).between(between);
        for part in parts {
            render.add(part)?;
        }
        self.run(&render, tell).await
    }

    async fn make_plain(&mut self, tell: &Tell<'_>) -> Result<(), MediaError> {
        let video = self.video.clone();
        self.run(&Render::plainly(&video), tell).await
    }

    async fn run(&mut self, render: &Render<'_>, tell: &Tell<'_>) -> Result<(), MediaError> {
        if !render.changes() {
            return Ok(());
        }
        let (from, to) = (self.at_hand().await?, self.next());
        let made = render.run(self.bench, (&from, &to), tell).await?;
        self.take(made, to, render.encodes() || self.counted);
        Ok(())
    }

    /// The name of the file, which is fetched if need be.
    async fn at_hand(&mut self) -> Result<String, MediaError> {
        match &self.file {
            Some(file) => Ok(file.clone()),
            None => self.original.at_hand().await.map(str::to_owned),
        }
    }

    /// The name of the next file.
    fn next(&self) -> String {
        format!("made{}.mp4", self.made + 1)
    }

    /// Goes on with what was made.
    fn take(&mut self, made: Video, file: String, counted: bool) {
        self.video = made;
        self.file = Some(file);
        self.made += 1;
        self.counted = counted;
    }

    /// Puts what was made into the artifact store; where nothing was, the video is what it was.
    pub(super) async fn deliver(self) -> Result<Video, MediaError> {
        let Some(file) = self.file.filter(|_| self.made > 0) else { return Ok(self.video) };
        fs::rename(self.bench.path(&file), self.bench.path(OUT)).await.map_err(MediaError::scratch(OUT))?;
        let artifact = self.bench.put(OUT).await?;
        let digest = artifact.digest.clone().filter(|_| self.counted);
        Ok(Video { artifact, digest, ..self.video })
    }
}
