//! Draws the small pictures that players show over the time line.

use std::{fmt::Write, time::Duration};

use serde::{Deserialize, Serialize};
use stagemark::{Artifact, Attempt, Name, Options, Step, StepError};

use crate::{MediaError, Video, Workbench, options};

/// The name of the sheet, by which the text beside it refers to it.
const SHEET: &str = "sprites.jpg";

/// One sheet of small pictures, a JPEG, and the text (`WebVTT`) that says which part of it is which time of the video.
///
/// The text refers to the sheet as `sprites.jpg`: serve both from one folder.
///
/// ```
/// use stagemark_media::Sprites;
///
/// fn key(sprites: &Sprites) -> &str {
///     &sprites.sheet.key
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sprites {
    /// The sheet.
    pub sheet: Artifact,
    /// The text.
    pub vtt: Artifact,
    /// How many pictures the sheet has.
    pub tiles: u32,
    /// The width of one.
    pub tile_width_px: u32,
    /// The height of one.
    pub tile_height_px: u32,
}

impl Sprites {
    /// How many pictures stand in a row of the sheet; the last row may have fewer.
    pub fn columns(&self) -> u32 {
        columns(self.tiles)
    }

    /// How many rows the sheet has.
    pub fn rows(&self) -> u32 {
        self.tiles.div_ceil(self.columns().max(1))
    }
}

/// As many as make the sheet a square, or more.
fn columns(tiles: u32) -> u32 {
    tiles.isqrt() + u32::from(tiles.isqrt().pow(2) < tiles)
}

/// Draws a sheet of small pictures, spread over the video.
///
/// ```
/// use stagemark_media::DrawSprites;
///
/// let fine = DrawSprites::default().tiles(100);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DrawSprites {
    tiles: u32,
    width_px: u32,
}

impl Default for DrawSprites {
    /// 25 pictures, each 160 pixels wide.
    fn default() -> Self {
        Self { tiles: 25, width_px: 160 }
    }
}

/// Where the tiles are.
struct Grid {
    tiles: u32,
    columns: u32,
    width_px: u32,
    height_px: u32,
    duration: Duration,
}

impl DrawSprites {
    /// So many pictures, 1 to 400 (default 25); fewer, where the video has fewer.
    #[must_use]
    pub fn tiles(mut self, tiles: u32) -> Self {
        self.tiles = tiles.clamp(1, 400);
        self
    }

    /// How wide each is: 16 to 640 pixels (default 160).
    #[must_use]
    pub fn width(mut self, width_px: u32) -> Self {
        self.width_px = width_px.clamp(16, 640) / 2 * 2;
        self
    }

    async fn draw(self, attempt: &Attempt, video: &Video) -> Result<Sprites, MediaError> {
        let grid = self.grid(video);
        let bench = Workbench::open(attempt).await?;
        bench.fetch(&video.artifact, "source").await?;
        let picked = format!("0:{}", video.stream);
        let ffmpeg = bench.ffmpeg().input("source").args(["-map", &picked, "-an"]).filter(&grid.chain());
        let ffmpeg = ffmpeg.args(["-frames:v", "1", "-c:v", "mjpeg", "-q:v", "4", "-f", "mjpeg"]);
        let made = ffmpeg.output(SHEET).run(video.duration).await?;
        if made.frames != 1 {
            return Err(MediaError::NoFrames);
        }
        bench.write("sprites.vtt", grid.text().as_bytes()).await?;
        Ok(Sprites {
            sheet: bench.put(SHEET).await?,
            vtt: bench.put("sprites.vtt").await?,
            tiles: grid.tiles,
            tile_width_px: grid.width_px,
            tile_height_px: grid.height_px,
        })
    }

    fn grid(self, video: &Video) -> Grid {
        let tiles = u32::try_from(video.frames).unwrap_or(u32::MAX).clamp(1, self.tiles);
        let (width, height) = (u64::from(video.width_px.max(1)), u64::from(video.height_px));
        // A strip of one column may be as tall as it likes; its sheet may not: JPEG ends at 65,535 rows.
        let height_px = u64::from(self.width_px) * height / width / 2 * 2;
        let height_px = u32::try_from(height_px).unwrap_or(640).clamp(2, 640);
        Grid { tiles, columns: columns(tiles), width_px: self.width_px, height_px, duration: video.duration }
    }
}

impl Grid {
    fn chain(&self) -> String {
        let Self { columns, width_px, height_px, .. } = self;
        format!(
            "setpts=PTS-STARTPTS,select='gte(t,selected_n*{:.6})',scale={width_px}:{height_px},setsar=1,\
             tile={columns}x{}:nb_frames={},format=yuvj420p",
            (self.duration / self.tiles).as_secs_f64(),
            self.rows(),
            self.tiles
        )
    }

    fn rows(&self) -> u32 {
        self.tiles.div_ceil(self.columns)
    }

    fn text(&self) -> String {
        let Self { tiles, columns, width_px, height_px, duration } = self;
        let mut text = String::from("WEBVTT\n");
        for tile in 0..*tiles {
            let (x, y) = (tile % columns * width_px, tile / columns * height_px);
            let (from, to) = (cue(*duration * tile / *tiles), cue(*duration * (tile + 1) / *tiles));
            // Writing to a string does not fail.
            let _ = write!(text, "\n{from} --> {to}\n{SHEET}#xywh={x},{y},{width_px},{height_px}\n");
        }
        text
    }
}

impl Step for DrawSprites {
    const NAME: Name = Name::new("sprites");
    type Input = Video;
    type Output = Sprites;

    fn options(&self) -> Options {
        options()
    }

    async fn run(&self, attempt: &Attempt, video: Video) -> Result<Sprites, StepError> {
        self.draw(attempt, &video).await.map_err(MediaError::into_step_error)
    }
}

fn cue(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}.{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, time.subsec_millis())
}
