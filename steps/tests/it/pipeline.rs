//! The steps one after the other, as a workflow chains them.

use std::time::Duration;

use stagemark_media::{
    Bumpers, CutPreview, DrawSprites, Edit, Encoding, Finish, Probe, RemoveAudio, TakePoster, Trim, Video, Watermark,
    assets,
};

use crate::studio::{CLIP, Studio};

const QUICK: Encoding = Encoding { preset: "ultrafast", crf: 30 };

pub(crate) async fn edited(studio: &Studio) -> Video {
    let trim = Trim::to(Duration::from_secs(2)).encoding(QUICK);
    let trimmed = studio.run(&trim, studio.upload(CLIP.as_ref())).await.unwrap();
    studio.run(&Edit::size(320, 180).encoding(QUICK), trimmed).await.unwrap()
}

#[tokio::test]
async fn an_upload_becomes_a_finished_video() {
    let studio = Studio::new();
    let video = edited(&studio).await;

    let video = studio.run(&RemoveAudio, video).await.unwrap();
    let video = studio.run(&Watermark::png(assets::LOGO).encoding(QUICK), video).await.unwrap();
    let bumpers = Bumpers::new(assets::INTRO, assets::OUTRO).encoding(QUICK);
    let video = studio.run(&bumpers, video).await.unwrap();
    let video = studio.run(&Finish::default(), video).await.unwrap();

    assert_eq!(video.frames, 40 + 50 + 40);
    assert_eq!(studio.ask(&video, "stream=codec_name,r_frame_rate,nb_read_frames"), "h264,25/1,130");
}

#[tokio::test]
async fn sound_survives_the_joining() {
    let studio = Studio::new();
    let video = edited(&studio).await;

    let bumpers = Bumpers::new(assets::INTRO, assets::LOGO).still(Duration::from_secs(1)).encoding(QUICK);
    let video = studio.run(&bumpers, video).await.unwrap();

    assert!(video.has_audio());
    assert_eq!(video.frames, 40 + 50 + 25);
}

#[tokio::test]
async fn previews_are_made_side_by_side() {
    let studio = Studio::new();
    let video = studio.run(&Probe::default(), studio.upload(CLIP.as_ref())).await.unwrap();

    let poster = studio.run(&TakePoster::default(), video.clone()).await.unwrap();
    let sprites = studio.run(&DrawSprites::default(), video.clone()).await.unwrap();
    let preview = studio.run(&CutPreview::default(), video).await.unwrap();

    assert_eq!((poster.width_px, sprites.tiles, preview.duration), (1280, 25, Duration::from_secs(3)));
}
