//! Puts the parts that one ffmpeg command can do together into its filter graph, and runs it.
//!
//! The filters stand in the order in which the steps one by one would apply them, and what a file between two steps
//! would do to the pictures (4:2:0, a time base of its rate, its end) is done by a filter, so that the pictures are
//! the same.

use std::{fmt::Write, time::Duration};

use super::{Kind, Tell, join::Shape};
use crate::{
    Bumpers, Edit, Encoding, Expect, Ffmpeg, FrameRate, MediaError, Video, Watermark, Workbench, audio, cut::Cut,
    edit::shape, policy::falls_short, trim::Range,
};

/// One ffmpeg command, put together part by part.
pub(super) struct Render<'a> {
    source: &'a Video,
    /// Where reading begins, at which rate, once it has.
    begun: Option<(Duration, FrameRate)>,
    /// What the pictures go through then; each filter begins with a comma.
    chain: String,
    /// What the pictures are after the filters so far.
    size: (u32, u32),
    rate: FrameRate,
    duration: Duration,
    /// How many there are, where it is known before they are made.
    frames: Option<u64>,
    logos: Vec<&'a [u8]>,
    sound: Sound,
    encoding: Option<&'a Encoding>,
    place: Place,
}

/// Where the index of what is made stands.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// Before the pictures, so that it plays while it loads.
    Front,
    /// Where it is written most easily: another command of the pass goes on with what is made, and nobody else sees it.
    Anywhere,
    /// Before the pictures, in so many free bytes.
    Room(u64),
}

/// What becomes of the sound.
enum Sound {
    /// It is copied, if MP4 players know it.
    Carried,
    /// It is encoded, after these filters.
    Encoded(Vec<String>),
    Dropped,
}

impl<'a> Render<'a> {
    /// Nothing yet, with this video.
    pub(super) fn of(source: &'a Video) -> Self {
        Self {
            source,
            begun: None,
            chain: String::new(),
            size: Cut::size(source),
            rate: source.frame_rate.steady(),
            duration: source.duration,
            frames: source.plain.then_some(source.frames),
            logos: Vec::new(),
            sound: if source.has_audio() { Sound::Carried } else { Sound::Dropped },
            encoding: None,
            place: Place::Front,
        }
    }

    /// Says where the index of what is made stands.
    pub(super) fn place(&mut self, place: Place) {
        self.place = place;
    }

    /// What bumpers of what is made are like; `None` if its pictures are copied, or of another codec.
    pub(super) fn shape(&self, bumpers: &Bumpers) -> Option<Shape> {
        let encoding = self.encoding?;
        let fits = bumpers.encoding_for(encoding.codec.video_codec());
        let sound = !matches!(self.sound, Sound::Dropped);
        let (width_px, height_px) = self.size;
        (fits.codec == encoding.codec).then_some(Shape { width_px, height_px, rate: self.rate, sound, encoding: fits })
    }

    /// How many pictures are made, at most; a filter sees to it that they come at the rate.
    pub(super) fn frames_max(&self) -> u64 {
        self.frames.unwrap_or_default().max(self.rate.frames_in(self.duration)) + 2
    }

    /// What makes it plain, if it is not, and nothing else.
    pub(super) fn plainly(source: &'a Video) -> Self {
        let mut render = Self::of(source);
        render.encode_plain();
        render
    }

    /// Adds a part after those that there are.
    pub(super) fn add(&mut self, part: &'a Kind) -> Result<(), MediaError> {
        match part {
            Kind::Trim(range) => self.trim(range)?,
            Kind::Edit(edit) => self.edit(edit),
            Kind::Mark(mark) => self.mark(mark)?,
            Kind::Silence => self.silence(),
            Kind::Probe(_) | Kind::Loudness(_) | Kind::Join(_) | Kind::Finish(_) => {}
        }
        Ok(())
    }

    /// Whether there is anything to be done.
    pub(super) fn changes(&self) -> bool {
        self.encodes() || (self.source.has_audio() && matches!(self.sound, Sound::Dropped))
    }

    /// Whether pictures are encoded; else they are copied.
    pub(super) fn encodes(&self) -> bool {
        self.encoding.is_some()
    }

    fn trim(&mut self, range: &'a Range) -> Result<(), MediaError> {
        let length = self.duration.saturating_sub(range.start).min(range.length);
        if length.is_zero() {
            return Err(MediaError::NothingLeft { duration: self.duration, start: range.start });
        }
        self.duration = length;
        if self.begun.is_none() {
            self.begin(range.start, self.rate);
            self.plain();
        } else {
            self.skip(range.start);
        }
        self.encode_sound();
        self.end();
        self.frames = None;
        self.encoding = Some(&range.encoding);
        Ok(())
    }

    fn edit(&mut self, edit: &'a Edit) {
        let rate = edit.rate.unwrap_or(self.rate);
        if self.begun.is_none() {
            self.begin(Duration::ZERO, rate);
            self.end();
            self.push(&shape(edit.width_px, edit.height_px, edit.fit));
        } else {
            if rate != self.rate {
                self.push(&evenly(rate));
                self.rate = rate;
                self.end();
            }
            self.push(&shape(edit.width_px, edit.height_px, edit.fit));
        }
        if rate != self.source.frame_rate {
            self.frames = None;
        }
        self.rate = rate;
        self.size = (edit.width_px, edit.height_px);
        self.encoding = Some(&edit.encoding);
    }

    fn mark(&mut self, mark: &'a Watermark) -> Result<(), MediaError> {
        self.make_plain();
        self.encoding = Some(&mark.encoding);
        let number = self.logos.len();
        self.logos.push(mark.bytes()?);
        let (logo, place) = mark.overlay(self.size);
        // A movie in the graph, not an input beside it: where the size of the pictures changes, the graph is made
        // anew, and an input that has ended would be missing in it.
        let file = logo_file(number);
        // Writing to a string does not fail.
        let _ = write!(
            self.chain,
            "[plain{number}];movie={file}:f=png_pipe,{logo}[logo{number}];\
             [plain{number}][logo{number}]overlay={place},format=yuv420p"
        );
        Ok(())
    }

    fn silence(&mut self) {
        self.encode_plain();
        self.sound = Sound::Dropped;
    }

    /// Encodes what would else be copied and is not plain.
    fn encode_plain(&mut self) {
        if !self.source.plain && self.begun.is_none() {
            self.make_plain();
            self.encoding = Some(&Encoding::BETWEEN);
        }
    }

    /// Begins with the whole source, if nothing has begun yet.
    fn make_plain(&mut self) {
        if self.begun.is_none() {
            self.begin(Duration::ZERO, self.rate);
            self.plain();
            self.end();
        }
    }

    /// Begins to read the source there.
    fn begin(&mut self, start: Duration, rate: FrameRate) {
        self.begun = Some((start, rate));
        self.rate = rate;
    }

    fn plain(&mut self) {
        self.push(&Cut::plain(self.size));
    }

    /// Leaves out what comes before, as reading a file from there does: in whole ticks of the file's time.
    fn skip(&mut self, start: Duration) {
        if !start.is_zero() {
            let ticks = self.rate.timescale();
            let from = (start.as_micros() * u128::from(ticks) + 500_000) / 1_000_000;
            self.push(&format!("settb=1/{ticks},trim=start_pts={from},setpts=PTS-{from}"));
            let seconds = start.as_secs_f64();
            self.encode_sound();
            self.filter_sound(format!("atrim=start={seconds:.6},asetpts=PTS-{seconds:.6}/TB"));
        }
        self.push(&evenly(self.rate));
    }

    /// Ends at the duration, and so on a whole picture: then the duration is what a file of them would have.
    fn end(&mut self) {
        let micros = (self.duration.as_nanos() + 500) / 1000;
        self.duration = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
        let seconds = format!("{:.6}", self.duration.as_secs_f64());
        self.push(&format!("trim=end={seconds}"));
        self.filter_sound(format!("atrim=end={seconds}"));
        self.duration = self.rate.time_of(self.rate.frames_in(self.duration));
    }

    fn push(&mut self, filters: &str) {
        // Writing to a string does not fail.
        let _ = write!(self.chain, ",{filters}");
    }

    fn encode_sound(&mut self) {
        if matches!(self.sound, Sound::Carried) {
            self.sound = Sound::Encoded(Vec::new());
        }
    }

    fn filter_sound(&mut self, filter: String) {
        if let Sound::Encoded(filters) = &mut self.sound {
            filters.push(filter);
        }
    }

    /// Makes one file of the scratch folder from the other, and checks it.
    pub(super) async fn run(
        &self,
        bench: &Workbench<'_>,
        (from, to): (&str, &str),
        tell: &Tell<'_>,
    ) -> Result<Video, MediaError> {
        for (number, logo) in self.logos.iter().enumerate() {
            bench.write(&logo_file(number), logo).await?;
        }
        let picked = format!("0:{}", self.source.stream);
        let (start, rate) = self.begun.unwrap_or((Duration::ZERO, self.rate));
        let cut = Cut::new(self.source, start, matches!(self.sound, Sound::Dropped));
        let ffmpeg = cut.input(bench.ffmpeg(), from).args(["-map", &picked]);
        let ffmpeg = match self.encoding {
            Some(encoding) => {
                let chain = cut.pictures(self.source, rate) + &self.chain;
                ffmpeg.filter(&chain).encode(encoding, self.rate)
            }
            None => ffmpeg.args(["-c:v", "copy"]),
        };
        let ffmpeg = self.with_sound(ffmpeg, &cut);
        let ffmpeg = match self.place {
            Place::Front => ffmpeg.output(to),
            Place::Anywhere => ffmpeg.output_between(to),
            Place::Room(bytes) => ffmpeg.output_with_room(to, bytes),
        };
        let made = ffmpeg.run_telling(self.duration, |fraction, message| tell.progress(fraction, message)).await?;
        if made.frames == 0 {
            return Err(MediaError::NoFrames);
        }
        self.check(bench, to, made.frames).await
    }

    fn with_sound<'b>(&self, ffmpeg: Ffmpeg<'b>, cut: &Cut) -> Ffmpeg<'b> {
        let filtered = |filters: &[String]| cut.sound().into_iter().chain(filters.iter().cloned()).collect::<Vec<_>>();
        let (ffmpeg, filters) = match &self.sound {
            Sound::Dropped => return ffmpeg.args(["-an"]),
            Sound::Carried => (Cut::length(ffmpeg, self.duration), filtered(&[])),
            Sound::Encoded(filters) => (ffmpeg, filtered(filters)),
        };
        if matches!(self.sound, Sound::Carried) && filters.is_empty() {
            return audio::carry(ffmpeg, self.source);
        }
        audio::encode(ffmpeg, self.source).args(["-af", &filters.join(",")])
    }

    /// What was written must be what was counted.
    async fn check(&self, bench: &Workbench<'_>, file: &str, counted: u64) -> Result<Video, MediaError> {
        let expect = Expect::like(self.source).size(self.size.0, self.size.1).rate(self.rate);
        let expect = expect.frames(self.frames.unwrap_or(counted)).lasting(self.duration);
        let expect = if matches!(self.sound, Sound::Dropped) { expect.silent() } else { expect };
        let expect = match self.encoding {
            Some(encoding) => expect.codec(encoding.codec),
            None => expect.codec_of(self.source),
        };
        if self.source.plain {
            return bench.check(file, &expect).await;
        }
        // A stranger's file may break off anywhere: then what was made is short, and the file is at fault.
        let made = bench.check(file, &expect.clone().any_length()).await?;
        falls_short(made.duration, Some(self.duration))?;
        bench.check(file, &expect).await
    }
}

/// The filters that make the pictures come at this rate; what they make has to be ended.
///
/// The last picture is repeated first: an overlay says that it ends when its last picture begins, and so the rate would
/// be that of a video which is shorter by one.
fn evenly(rate: FrameRate) -> String {
    format!("tpad=stop=1:stop_mode=clone,fps={rate}:start_time=0:eof_action=pass")
}

fn logo_file(number: usize) -> String {
    format!("logo{number}.png")
}
