//! What phones, browsers and cameras make goes through.

use std::time::Duration;

use stagemark_media::{Edit, Encoding, Trim, Upload, Video};

use crate::studio::{CLIP, Studio};

const QUICK: Encoding = Encoding { preset: "ultrafast", crf: 30 };

/// Trims to a second and brings into a small 16:9 shape.
async fn through(studio: &Studio, upload: Upload) -> Video {
    let trim = Trim::to(Duration::from_secs(1)).encoding(QUICK);
    let trimmed = studio.run(&trim, upload).await.unwrap();
    let edited = studio.run(&Edit::size(320, 180).encoding(QUICK), trimmed).await.unwrap();
    assert_eq!(studio.ask(&edited, "stream=width,height,sample_aspect_ratio,pix_fmt"), "320,180,1:1,yuv420p");
    edited
}

#[tokio::test]
async fn the_clip_of_the_repository_goes_through() {
    let studio = Studio::new();
    let upload = studio.upload(CLIP.as_ref());

    let edited = through(&studio, upload).await;

    assert_eq!((edited.frames, edited.frame_rate.to_string().as_str()), (25, "25/1"));
    assert!(edited.has_audio());
}
