//! What is no video, or more than anybody should send, is refused in one sentence.

use stagemark_media::Probe;

use crate::studio::Studio;

#[tokio::test]
async fn an_empty_file_is_refused() {
    let studio = Studio::new();

    let refusal = studio.refusal(&Probe::default(), studio.upload_bytes(Vec::new())).await;

    assert_eq!(refusal, "the file is empty: send a video in mp4, mov, mkv, webm, avi or ts");
}

#[tokio::test]
async fn sound_alone_is_refused() {
    let studio = Studio::new();
    let sound = studio.make("-f lavfi -i sine=d=1 -c:a aac", "sound.m4a");

    let refusal = studio.refusal(&Probe::default(), studio.upload(&sound)).await;

    assert_eq!(refusal, "the file holds no video, only sound or text: send one with pictures that move");
}
