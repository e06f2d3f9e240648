//! The steps one after the other, as a workflow chains them.

use stagemark_media::{
    Bumpers, CutPreview, DrawSprites, Finish, Probe, RemoveAudio, TakePoster, Upload, Watermark, assets,
};

use crate::studio::{CLIP, QUICK, Studio};

#[tokio::test]
async fn an_upload_becomes_a_finished_video() {
    let studio = Studio::new();
    let video = studio.edited(studio.upload(CLIP.as_ref()).await, 2000).await;

    let video = studio.run(&RemoveAudio, video).await.unwrap();
    let video = studio.run(&Watermark::png(assets::LOGO).encoding(QUICK), video).await.unwrap();
    let bumpers = Bumpers::new(assets::INTRO, assets::OUTRO).encoding(QUICK);
    let video = studio.run(&bumpers, video).await.unwrap();
    let video = studio.run(&Finish::default(), video).await.unwrap();

    assert_eq!(video.frames, 40 + 50 + 40);
    let seen = studio.ask(&video.artifact, "stream=codec_name,r_frame_rate,nb_read_frames").await;
    assert_eq!(seen, "h264,25/1,130");
}

#[tokio::test]
async fn without_sound_the_pictures_stay_as_they_are() {
    let studio = Studio::new();
    let video = studio.edited(studio.upload(CLIP.as_ref()).await, 400).await;

    let silent = studio.run(&RemoveAudio, video.clone()).await.unwrap();

    assert!(video.has_audio() && !silent.has_audio());
    assert_eq!(studio.brightness(&silent.artifact, "null").await, studio.brightness(&video.artifact, "null").await);
}

#[tokio::test]
async fn previews_are_made_of_what_was_finished() {
    let studio = Studio::new();
    let video = studio.run(&Probe::default(), Upload::new(studio.upload(CLIP.as_ref()).await.source)).await.unwrap();

    let poster = studio.run(&TakePoster::default(), video.clone()).await.unwrap();
    let sprites = studio.run(&DrawSprites::default(), video.clone()).await.unwrap();
    let preview = studio.run(&CutPreview::default(), video).await.unwrap();

    assert_eq!((poster.width_px, sprites.tiles, preview.width_px), (1280, 25, 320));
}
