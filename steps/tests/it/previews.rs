//! What a page shows before the video plays.

use std::time::Duration;

use stagemark_media::{CutPreview, DrawSprites, Probe, TakePoster, Video};

use crate::studio::{CLIP, Studio};

async fn clip(studio: &Studio) -> Video {
    studio.run(&Probe::default(), studio.upload(CLIP.as_ref()).await).await.unwrap()
}

#[tokio::test]
async fn a_poster_is_one_picture_of_the_videos_size() {
    let studio = Studio::new();

    let poster = studio.run(&TakePoster::default(), clip(&studio).await).await.unwrap();

    let seen = studio.ask(&poster.artifact, "stream=codec_name,width,height,nb_read_frames").await;
    assert_eq!(seen, "mjpeg,1280,720,1");
}

#[tokio::test]
async fn a_poster_is_found_at_the_very_end() {
    let studio = Studio::new();

    let poster = studio.run(&TakePoster::at(1.0), clip(&studio).await).await.unwrap();

    assert!(poster.artifact.size_bytes > 1000);
}

#[tokio::test]
async fn the_text_of_the_sprites_fits_their_sheet() {
    let studio = Studio::new();

    let sprites = studio.run(&DrawSprites::default().tiles(7), clip(&studio).await).await.unwrap();

    let text = std::fs::read_to_string(studio.local(&sprites.vtt, "sprites.vtt").await).unwrap();
    assert!(text.starts_with("WEBVTT\n\n00:00:00.000 --> "), "{text}");
    assert!(text.ends_with("--> 00:00:05.280\nsprites.jpg#xywh=0,180,160,90\n"), "{text}");
    assert_eq!(text.matches("sprites.jpg#xywh=").count(), 7);
    assert_eq!(studio.ask(&sprites.sheet, "stream=width,height").await, "480,270");
    assert_eq!((sprites.columns() * sprites.tile_width_px, sprites.rows() * sprites.tile_height_px), (480, 270));
}

#[tokio::test]
async fn each_sprite_shows_its_own_time() {
    let studio = Studio::new();
    let brighter = "-f lavfi -i color=s=320x180:r=25:d=2,geq=lum='20+N*4':cb=128:cr=128 -c:v libx264 -crf 5";
    let video = studio.run(&Probe::default(), studio.made(brighter, "a.mp4").await).await.unwrap();

    let sprites = studio.run(&DrawSprites::default().tiles(4), video).await.unwrap();

    let mut tiles = Vec::new();
    for (x, y) in [(0, 0), (160, 0), (0, 90), (160, 90)] {
        tiles.extend(studio.brightness(&sprites.sheet, &format!("crop=160:90:{x}:{y}")).await);
    }
    assert!(tiles.windows(2).all(|two| two[1] > two[0] + 30), "{tiles:?}");
}

#[tokio::test]
async fn a_preview_is_short_silent_and_plays() {
    let studio = Studio::new();

    let preview = studio.run(&CutPreview::default(), clip(&studio).await).await.unwrap();

    assert_eq!(preview.duration, Duration::from_secs(3));
    let seen = studio.ask(&preview.artifact, "stream=codec_name,width,height,nb_read_frames").await;
    assert_eq!(seen, "h264,320,180,36");
}

#[tokio::test]
async fn a_video_of_a_single_picture_has_previews() {
    let studio = Studio::new();
    let single = "-f lavfi -i testsrc=s=320x180:r=25:d=0.04 -c:v libx264 -pix_fmt yuv420p";
    let video = studio.run(&Probe::default(), studio.made(single, "a.mp4").await).await.unwrap();

    let sprites = studio.run(&DrawSprites::default(), video.clone()).await.unwrap();
    studio.run(&TakePoster::default(), video.clone()).await.unwrap();
    studio.run(&CutPreview::default(), video).await.unwrap();

    assert_eq!(sprites.tiles, 1);
}
