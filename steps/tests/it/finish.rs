//! What is delivered is what it is said to be.

use stagemark::Artifact;
use stagemark_media::{Finish, Upload, Video};

use crate::studio::{CLIP, Studio};

async fn video(studio: &Studio) -> Video {
    studio.edited(studio.upload(CLIP.as_ref()).await, 800).await
}

/// The same video, said to be in another file.
async fn swapped(studio: &Studio, bytes: Vec<u8>) -> Video {
    let Upload { source } = studio.upload_bytes(bytes).await;
    let mut video = video(studio).await;
    video.artifact = source;
    video
}

#[tokio::test]
async fn a_right_file_passes_unchanged() {
    let studio = Studio::new();
    let video = video(&studio).await;

    assert_eq!(studio.run(&Finish::default(), video.clone()).await.unwrap(), video);
}

#[tokio::test]
async fn another_file_is_refused() {
    let studio = Studio::new();
    let other = swapped(&studio, std::fs::read(CLIP).unwrap()).await;

    let refusal = studio.refusal(&Finish::default(), other).await;

    assert_eq!(refusal, "the finished file is not as it should be: its width is 1280, and should be 320");
}

#[tokio::test]
async fn a_file_whose_index_comes_last_is_refused() {
    let studio = Studio::new();
    let right = video(&studio).await;
    studio.local(&right.artifact, "right.mp4").await;
    let late = std::fs::read(studio.make("-i right.mp4 -c copy -map 0", "late.mp4")).unwrap();

    let refusal = studio.refusal(&Finish::default(), swapped(&studio, late).await).await;

    assert!(refusal.contains("its index is after the pictures"), "{refusal}");
}

#[tokio::test]
async fn a_file_that_lost_pictures_is_refused() {
    let studio = Studio::new();
    let right = video(&studio).await;
    let mut bytes = std::fs::read(studio.local(&right.artifact, "right.mp4").await).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0);

    let Err(error) = studio.run(&Finish::default(), swapped(&studio, bytes).await).await else {
        panic!("it was not refused")
    };

    assert!(error.is_permanent(), "{error}");
}

#[tokio::test]
async fn a_size_that_is_not_the_markers_is_refused() {
    let studio = Studio::new();
    let mut video = video(&studio).await;
    video.artifact = Artifact { size_bytes: 7, ..video.artifact };

    let refusal = studio.refusal(&Finish::default(), video).await;

    assert!(refusal.contains("its count of bytes is"), "{refusal}");
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused() {
    let studio = Studio::new();

    let refusal = studio.refusal(&Finish::default().bytes_max(100), video(&studio).await).await;

    assert!(refusal.ends_with("and should be at most 100"), "{refusal}");
}
