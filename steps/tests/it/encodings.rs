//! Videos of other codecs, and how near they are to what they were made from.

use std::time::Duration;

use stagemark_media::{
    Bumpers, Codec, Edit, Encoding, Finish, Quality, RemoveAudio, Trim, Upload, Video, VideoCodec, Watermark, assets,
};

use crate::studio::{CLIP, QUICK, Studio};

/// A second of the clip, through every step, each in this encoding.
async fn published(studio: &Studio, encoding: &Encoding) -> Video {
    let trim = Trim::<Upload>::to(Duration::from_millis(400)).encoding(QUICK);
    let video = studio.run(&trim, studio.upload(CLIP.as_ref()).await).await.unwrap();
    let video = studio.run(&Edit::size(160, 90).encoding(encoding.clone()), video).await.unwrap();
    let video = studio.run(&RemoveAudio, video).await.unwrap();
    let video = studio.run(&Watermark::png(assets::LOGO).encoding(encoding.clone()), video).await.unwrap();
    let video = studio.run(&Bumpers::new(assets::INTRO, assets::OUTRO), video).await.unwrap();
    studio.run(&Finish::default().decoding(), video).await.unwrap()
}

#[tokio::test]
async fn a_video_in_av1_is_published() {
    let studio = Studio::new();

    let video = published(&studio, &Encoding { preset: "12", ..Encoding::av1() }).await;

    assert_eq!((video.codec, video.frames, video.plain), (VideoCodec::Av1, 40 + 10 + 40, true));
    assert_eq!(studio.ask(&video.artifact, "stream=codec_name,nb_read_frames").await, "av1,90");
}

#[tokio::test]
async fn a_video_in_vp9_is_published() {
    let studio = Studio::new();

    let video = published(&studio, &Encoding { preset: "8", ..Encoding::vp9() }).await;

    assert_eq!((video.codec, video.frames, video.plain), (VideoCodec::Vp9, 40 + 10 + 40, true));
    assert_eq!(studio.ask(&video.artifact, "stream=codec_name,nb_read_frames").await, "vp9,90");
}

#[tokio::test]
async fn bumpers_of_another_codec_are_refused() {
    let studio = Studio::new();
    let video = studio.edited(studio.upload(CLIP.as_ref()).await, 200).await;

    let bumpers =
        Bumpers::new(assets::INTRO, assets::OUTRO).encoding(Encoding { codec: Codec::Vp9, ..Encoding::vp9() });
    let refusal = studio.refusal(&bumpers, video).await;

    let words = "bumpers in VP9 cannot be joined to a video in H.264: give both the same encoding";
    assert_eq!(refusal, words);
}

#[tokio::test]
async fn a_better_encoding_is_nearer_to_its_source() {
    let studio = Studio::new();
    let source = studio.edited(studio.upload(CLIP.as_ref()).await, 400).await;
    let edit = |crf| Edit::size(320, 180).encoding(Encoding { crf, ..QUICK });

    let mut reports = Vec::new();
    for crf in [45, 20, 0] {
        let video = studio.run(&edit(crf), source.clone()).await.unwrap();
        reports.push(studio.run(&Quality::default().vmaf(), (video, source.clone())).await.unwrap());
    }

    let [bad, good, same] = reports[..] else { panic!("{reports:?}") };
    assert!(bad.ssim < good.ssim && good.ssim < same.ssim, "{bad:?} {good:?}");
    assert!((same.ssim - 1.0).abs() < 1e-6 && same.frames == 10, "{same:?}");
}
