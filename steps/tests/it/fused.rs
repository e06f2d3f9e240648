//! Steps in one pass make the same pictures as the steps one by one.

use std::{path::Path, time::Duration};

use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed, TestRunner},
};
use stagemark::{Family, Name, Pass, Step, StepError};
use stagemark_media::{
    Bumpers, Edit, Encoding, Finish, Footage, FrameRate, Media, Part, Place, Probe, RemoveAudio, Trim, Upload, Video,
    Watermark, assets,
};

use crate::studio::{CLIP, Studio};

/// How many chains of steps are tried on each source, unless `PROPTEST_CASES` says it.
const CHAINS: u32 = 10;
/// The chains are the same ones in each run, unless `PROPTEST_CASES` asks for new ones: a run of all tests says something
/// of the change at hand, and a search with many cases is for finding what nobody thought of.
const SEED: RngSeed = RngSeed::Fixed(1);

/// A step that is tried, whichever it is.
#[derive(Clone, Debug)]
enum Any {
    Trim { start_ms: u64, length_ms: u64 },
    Edit { size: (u32, u32), crop: bool, rate: Option<u32> },
    RemoveAudio,
    Watermark { place: Place, width: f64, opacity: f64 },
    Bumpers,
}

impl Any {
    fn trim(start_ms: u64, length_ms: u64) -> Trim<Video> {
        let trim = Trim::to(Duration::from_millis(length_ms)).starting_at(Duration::from_millis(start_ms));
        trim.encoding(Encoding::LOSSLESS)
    }

    fn edit((width, height): (u32, u32), crop: bool, rate: Option<u32>) -> Edit {
        let edit = Edit::size(width, height).encoding(Encoding::LOSSLESS);
        let edit = if crop { edit.crop() } else { edit };
        rate.map_or(edit.clone(), |rate| edit.rate(FrameRate::new(rate, 1)))
    }

    fn watermark(place: Place, width: f64, opacity: f64) -> Watermark {
        Watermark::png(assets::LOGO).place(place).width(width).opacity(opacity).encoding(Encoding::LOSSLESS)
    }

    fn bumpers() -> Bumpers {
        Bumpers::new(assets::LOGO, assets::LOGO).still(Duration::from_millis(120)).encoding(Encoding::LOSSLESS)
    }

    async fn alone(&self, studio: &Studio, video: Video) -> Result<Video, StepError> {
        match *self {
            Self::Trim { start_ms, length_ms } => studio.run(&Self::trim(start_ms, length_ms), video).await,
            Self::Edit { size, crop, rate } => studio.run(&Self::edit(size, crop, rate), video).await,
            Self::RemoveAudio => studio.run(&RemoveAudio, video).await,
            Self::Watermark { place, width, opacity } => {
                studio.run(&Self::watermark(place, width, opacity), video).await
            }
            Self::Bumpers => studio.run(&Self::bumpers(), video).await,
        }
    }

    fn part(&self) -> (Name, Part) {
        match *self {
            Self::Trim { start_ms, length_ms } => of(&Self::trim(start_ms, length_ms)),
            Self::Edit { size, crop, rate } => of(&Self::edit(size, crop, rate)),
            Self::RemoveAudio => of(&RemoveAudio),
            Self::Watermark { place, width, opacity } => of(&Self::watermark(place, width, opacity)),
            Self::Bumpers => of(&Self::bumpers()),
        }
    }
}

pub(crate) fn of<'a, S: Step>(step: &'a S) -> (Name, Part)
where
    Part: From<&'a S>,
{
    (step.name(), Part::from(step))
}

fn one() -> impl Strategy<Value = Any> {
    let size = prop_oneof![
        Just((160, 90)),
        Just((96, 96)),
        Just((90, 160)),
        (8..80_u32, 8..80_u32).prop_map(|(w, h)| (w * 2, h * 2))
    ];
    let rate = prop_oneof![Just(None), prop::sample::select(vec![10, 24, 25, 30, 60]).prop_map(Some)];
    let place = prop::sample::select(vec![Place::TopLeft, Place::BottomRight, Place::Center]);
    prop_oneof![
        (0..300_u64, 100..900_u64).prop_map(|(start_ms, length_ms)| Any::Trim { start_ms, length_ms }),
        (size, any::<bool>(), rate).prop_map(|(size, crop, rate)| Any::Edit { size, crop, rate }),
        Just(Any::RemoveAudio),
        (place, 0.05..0.9_f64, 0.1..1.0_f64).prop_map(|(place, width, opacity)| Any::Watermark {
            place,
            width,
            opacity
        }),
        Just(Any::Bumpers),
    ]
}

/// All of them in one pass.
pub(crate) async fn fused(
    studio: &Studio,
    source: impl Into<Footage>,
    parts: Vec<(Name, Part)>,
) -> Result<Video, StepError> {
    Media::run(&Pass::standalone(&studio.attempt(), parts), source.into()).await
}

/// A line for each picture: its time and its digest.
pub(crate) fn pictures(studio: &Studio, file: &Path) -> String {
    let sums = studio.make(&format!("-i {} -map 0:v -f framemd5", file.display()), "sums");
    std::fs::read_to_string(sums).unwrap()
}

/// Whether both ways end the same, with the same pictures.
async fn agree(studio: &Studio, source: &Video, chain: &[Any]) -> Result<(), TestCaseError> {
    let mut alone = Ok(source.clone());
    for step in chain {
        if let Ok(video) = alone {
            alone = step.alone(studio, video).await;
        }
    }
    let together = fused(studio, source.clone(), chain.iter().map(Any::part).collect()).await;
    let (alone, together) = match (alone, together) {
        (Ok(alone), Ok(together)) => (alone, together),
        (Err(alone), Err(together)) => {
            prop_assert_eq!(alone.chain()[0].clone(), together.chain()[0].clone());
            return Ok(());
        }
        (alone, together) => return Err(TestCaseError::fail(format!("one failed: {alone:?} {together:?}"))),
    };
    let one_by_one = pictures(studio, &studio.local(&alone.artifact, "alone.mp4").await);
    let in_one_pass = pictures(studio, &studio.local(&together.artifact, "together.mp4").await);
    prop_assert_eq!(one_by_one, in_one_pass);
    let known = |video: &Video| (video.width_px, video.height_px, video.frame_rate, video.frames, video.has_audio());
    prop_assert_eq!(known(&alone), known(&together));
    Ok(())
}

/// Tries chains of up to five steps on an upload that is made so.
fn try_chains(args: &str, name: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let studio = Studio::new();
    let source = runtime.block_on(async {
        let upload = studio.made(args, name).await;
        studio.run(&Probe::default(), upload).await.unwrap()
    });
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let standard = Config { max_shrink_iters: 12, failure_persistence: None, ..Config::default() };
    let config = match asked {
        Some(cases) => Config { cases, ..standard },
        None => Config { cases: CHAINS, rng_seed: SEED, ..standard },
    };
    // Alone on an upload, RemoveAudio encodes in its own way, which loses something.
    let first = one().prop_filter("it encodes without loss", |step| !matches!(step, Any::RemoveAudio));
    let chains = (first, prop::collection::vec(one(), 0..=4)).prop_map(|(first, rest)| [vec![first], rest].concat());
    let tried = TestRunner::new(config).run(&chains, |chain| runtime.block_on(agree(&studio, &source, &chain)));
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn the_clip_of_the_repository_has_the_same_pictures() {
    try_chains(&format!("-i {CLIP} -t 1.2 -c copy"), "clip.mp4");
}

#[test]
fn odd_pictures_of_ten_bits_without_an_index_are_the_same() {
    let uneven =
        "-f lavfi -i testsrc2=s=161x121:r=30000/1001:d=1.3 -f lavfi -i sine=d=1.3 -vf select='not(eq(mod(n,7),3))'";
    try_chains(
        &format!("{uneven} -c:v libx265 -preset ultrafast -x265-params log-level=error -pix_fmt yuv420p10 -c:a mp2"),
        "odd.ts",
    );
}

#[test]
fn wide_pixels_of_full_range_are_the_same() {
    let wide = "-f lavfi -i testsrc2=s=90x100:r=50:d=1,setsar=160/81,format=yuvj420p -f lavfi -i sine=d=1";
    try_chains(&format!("{wide} -c:v libx264 -preset ultrafast -bf 2 -c:a libopus"), "wide.mkv");
}

/// A second of an upload through all of the usual steps, in one pass.
pub(crate) async fn usual(studio: &Studio, upload: Upload) -> Video {
    let quick = Encoding { preset: "ultrafast", ..Encoding::default() };
    let mark = Watermark::png(assets::LOGO).encoding(quick.clone());
    let bumpers = Bumpers::new(assets::INTRO, assets::OUTRO).encoding(quick);
    let (probe, finish) = (Probe::default(), Finish::default());
    let (trim, edit) = (Trim::<Video>::to(Duration::from_secs(1)), Edit::size(320, 180));
    let parts = [of(&probe), of(&trim), of(&edit), of(&RemoveAudio), of(&mark), of(&bumpers), of(&finish)];
    fused(studio, upload, parts.into()).await.unwrap()
}

#[tokio::test]
async fn the_usual_steps_make_an_upload_into_a_video_in_one_pass() {
    let studio = Studio::new();

    let video = usual(&studio, studio.upload(CLIP.as_ref()).await).await;

    assert_eq!((video.width_px, video.frames, video.has_audio()), (320, 40 + 25 + 40, false));
    let made = std::fs::metadata(studio.local(&video.artifact, "out.mp4").await).unwrap();
    assert_eq!(video.artifact.size_bytes, made.len());
    assert_eq!(studio.run(&Finish::default().decoding(), video.clone()).await.unwrap(), video);
}
