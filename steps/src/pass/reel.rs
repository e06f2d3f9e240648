//! The video at hand while a pass goes on, from one command to the next.

use tokio::fs;

use super::{
    Footage, Kind, Tell,
    join::{self, Ends},
    original::Original,
    render::{Place, Render},
};
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
    /// The bumpers that its file has room for.
    ends: Option<Ends>,
}

impl<'a> Reel<'a> {
    /// Of a video that is known, or of an upload that is looked into first.
    pub(super) async fn begin(bench: &'a Workbench<'a>, footage: Footage, parts: &[&Kind]) -> Result<Self, MediaError> {
        let mut original = Original::of(bench, footage, parts);
        let video = original.look().await?;
        let counted = video.digest.is_some();
        Ok(Self { bench, video, original, file: None, made: 0, counted, ends: None })
    }

    /// Does what one ffmpeg command can do, before these other parts.
    pub(super) async fn play(&mut self, parts: &[&Kind], rest: &[&Kind], tell: &Tell<'_>) -> Result<(), MediaError> {
        match self.act(parts, rest, tell).await {
            Err(refusal) if self.made == 0 && self.original.is_to_be_completed(&refusal) => {
                self.video = self.original.complete().await?;
                self.act(parts, rest, tell).await
            }
            played => played,
        }
    }

    async fn act(&mut self, parts: &[&Kind], rest: &[&Kind], tell: &Tell<'_>) -> Result<(), MediaError> {
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
                if self.file.is_none() {
                    self.file = Some(self.original.copied().await?.to_owned());
                }
                let (from, to) = (self.at_hand().await?, self.next());
                let bumpers = (bumpers, self.ends.take());
                let (made, file) = join::join(self.bench, bumpers, &self.video, (&from, &to), tell).await?;
                self.take(made, file, self.counted);
                Ok(())
            }
            parts => self.render(parts, rest, tell).await,
        }
    }

    async fn render(&mut self, parts: &[&Kind], rest: &[&Kind], tell: &Tell<'_>) -> Result<(), MediaError> {
        // Another handle: the plan looks at the video, while its file may have to be fetched.
        let video = self.video.clone();
        let mut render = Render::of(&video);
        for part in parts {
            render.add(part)?;
        }
        render.place(self.place(&render, rest).await?);
        self.run(&render, tell).await
    }

    /// Where the index of what is made stands: bumpers that come next are put together with it where it is.
    async fn place(&mut self, render: &Render<'_>, rest: &[&Kind]) -> Result<Place, MediaError> {
        if let Some(Kind::Join(bumpers)) = rest.first()
            && let Some(shape) = render.shape(bumpers).filter(|shape| !shape.sound)
        {
            let ends = shape.lay(self.bench, bumpers).await?;
            let room_bytes = ends.room_bytes(self.bench, render.frames_max()).await?;
            self.ends = Some(ends);
            return Ok(Place::Room(room_bytes));
        }
        // A join makes a file of its own; the others may have nothing to do.
        let is_between = rest.iter().any(|part| matches!(part, Kind::Join(_)));
        Ok(if is_between { Place::Anywhere } else { Place::Front })
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
