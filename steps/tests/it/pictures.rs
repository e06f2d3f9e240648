//! What is in the pictures: shape, bars, marks.

use stagemark_media::{Edit, Place, Probe, Trim, Upload, Video, Watermark, assets};

use crate::studio::{QUICK, Studio};

const CODED: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

async fn trimmed(studio: &Studio, upload: Upload) -> Video {
    studio.run(&Trim::to(std::time::Duration::from_secs(1)).encoding(QUICK), upload).await.unwrap()
}

/// A white video of this size, brought into 320x180.
async fn white(studio: &Studio, source: &str, edit: Edit) -> Video {
    let upload = studio.made(&format!("-f lavfi -i color=white:r=25:d=0.4:{source} {CODED}"), "white.mp4").await;
    let video = trimmed(studio, upload).await;
    studio.run(&edit.encoding(QUICK), video).await.unwrap()
}

#[tokio::test]
async fn another_shape_gets_black_bars_on_both_sides() {
    let studio = Studio::new();

    let video = white(&studio, "s=96x96", Edit::size(320, 180)).await;

    let left = studio.brightness(&video.artifact, "crop=64:180:0:0").await[0];
    let middle = studio.brightness(&video.artifact, "crop=170:180:75:0").await[0];
    let right = studio.brightness(&video.artifact, "crop=64:180:256:0").await[0];
    assert!(left < 20 && right < 20 && middle > 230, "{left} {middle} {right}");
}

#[tokio::test]
async fn a_crop_leaves_no_bars() {
    let studio = Studio::new();

    let video = white(&studio, "s=96x96", Edit::size(320, 180).crop()).await;

    let left = studio.brightness(&video.artifact, "crop=16:180:0:0").await[0];
    assert!(left > 230, "{left}");
}

#[tokio::test]
async fn wide_pixels_are_shown_wide() {
    let studio = Studio::new();

    let video = white(&studio, "s=90x100,setsar=160/81", Edit::size(320, 180)).await;

    let left = studio.brightness(&video.artifact, "crop=16:180:0:0").await[0];
    assert!(left > 230, "{left}");
}

/// How many columns of a picture 720 lines high are bright in the middle.
async fn bright_columns(studio: &Studio, video: &Video) -> usize {
    let file = studio.local(&video.artifact, "seen.mp4").await;
    let mut look = std::process::Command::new("ffmpeg");
    look.args(["-v", "error", "-i"]).arg(file).args(["-frames:v", "1", "-vf", "extractplanes=y,crop=iw:1:0:360"]);
    let seen = look.args(["-f", "rawvideo", "-"]).output().unwrap();
    assert!(seen.status.success(), "{}", String::from_utf8_lossy(&seen.stderr));
    seen.stdout.iter().filter(|&&brightness| brightness > 128).count()
}

#[tokio::test]
async fn a_share_without_an_exact_fraction_costs_no_column() {
    let studio = Studio::new();
    let upload = studio.made(&format!("-f lavfi -i color=white:r=25:d=0.4:s=96x96,setsar=7/10 {CODED}"), "a.mp4").await;
    let source = studio.run(&Probe::default(), upload).await.unwrap();

    let video = studio.run(&Edit::hd720().encoding(QUICK), source).await.unwrap();

    assert_eq!(bright_columns(&studio, &video).await, 504);
}

#[tokio::test]
async fn pixels_that_are_not_quite_square_are_rounded_once() {
    let studio = Studio::new();

    // 404 columns, of a picture that is 1,077.3 pixels wide when they are square.
    let video = white(&studio, "s=1080x1920,setsar=404/405:max=1000", Edit::hd720()).await;

    assert_eq!(bright_columns(&studio, &video).await, 404);
}

#[tokio::test]
async fn a_strip_of_a_picture_is_no_bomb() {
    let studio = Studio::new();

    let video = white(&studio, "s=16x2048", Edit::size(320, 180).crop()).await;

    assert_eq!((video.width_px, video.height_px), (320, 180));
}

#[tokio::test]
async fn the_index_comes_before_the_pictures() {
    let studio = Studio::new();
    let video = white(&studio, "s=96x96", Edit::size(320, 180)).await;

    let bytes = std::fs::read(studio.local(&video.artifact, "out.mp4").await).unwrap();

    let find = |name: &[u8]| bytes.windows(4).position(|four| four == name).unwrap();
    assert!(find(b"moov") < find(b"mdat"));
}

/// How bright the corners (upper left, lower right) of a black video are after a mark.
async fn corners(mark: Watermark) -> (u8, u8) {
    let studio = Studio::new();
    let black = studio.made(&format!("-f lavfi -i color=black:s=320x180:r=25:d=0.4 {CODED}"), "a.mp4").await;
    let video = trimmed(&studio, black).await;
    let video = studio.run(&mark.encoding(QUICK), video).await.unwrap();
    let upper_left = studio.brightness(&video.artifact, "crop=80:40:0:0").await[0];
    let lower_right = studio.brightness(&video.artifact, "crop=80:40:240:140").await[0];
    (upper_left, lower_right)
}

#[tokio::test]
async fn a_mark_stands_where_it_was_placed() {
    let (left, right) = corners(Watermark::png(assets::LOGO).place(Place::TopLeft).width(0.3)).await;

    assert!(left > 24 && right < 20, "{left} {right}");
}

#[tokio::test]
async fn a_mark_stands_at_the_lower_right_by_itself() {
    let (left, right) = corners(Watermark::png(assets::LOGO).width(0.3)).await;

    assert!(right > 24 && left < 20, "{left} {right}");
}

#[tokio::test]
async fn a_clear_mark_covers_less() {
    let (_, solid) = corners(Watermark::png(assets::LOGO).opacity(1.0).width(0.3)).await;
    let (_, clear) = corners(Watermark::png(assets::LOGO).opacity(0.3).width(0.3)).await;

    assert!(clear > 16 && clear < solid, "{clear} {solid}");
}

#[tokio::test]
async fn a_mark_that_is_no_png_is_refused() {
    let studio = Studio::new();
    let upload = studio.made(&format!("-f lavfi -i color=s=64x64:d=0.2 {CODED}"), "a.mp4").await;
    let video = trimmed(&studio, upload).await;

    let refusal = studio.refusal(&Watermark::png(b"<svg/>"), video).await;

    assert_eq!(refusal, "the logo is neither a PNG nor a video: give the bytes of one");
}
