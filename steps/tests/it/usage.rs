//! What media processes use is counted, by step.

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use stagemark_media::Trim;

use crate::studio::{CLIP, QUICK, Studio};

/// On one thread, as the recorder is heard on one.
#[tokio::test(flavor = "current_thread")]
async fn the_processor_time_and_the_bytes_of_a_step_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _local = metrics::set_default_local_recorder(&recorder);
    let studio = Studio::new();
    let upload = studio.upload(CLIP.as_ref()).await;

    let video = studio.run(&Trim::to(Duration::from_secs(1)).encoding(QUICK), upload).await.unwrap();

    let page = metrics.render();
    let value = |name: &str| {
        let sample = format!("stagemark_media_{name}{{step=\"standalone\",program=\"ffmpeg\"}} ");
        let value = page.lines().find_map(|line| line.strip_prefix(&sample));
        value.unwrap_or_else(|| panic!("no {sample} in\n{page}")).parse::<f64>().unwrap()
    };
    let cpu_seconds = value("cpu_seconds_sum");
    assert!(cpu_seconds > 0.0 && cpu_seconds < 300.0, "{cpu_seconds}");
    assert!(value("read_bytes_total") > 100_000.0, "it reads most of the clip");
    #[expect(clippy::cast_precision_loss, reason = "a clip of some hundred kilobytes")]
    let size_bytes = video.artifact.size_bytes as f64;
    assert!(value("written_bytes_total") >= size_bytes, "it writes all of {size_bytes}");
}

/// How many processes a step, or a pass, has started: a line of its time is counted for each.
pub(crate) fn processes(page: &str) -> f64 {
    let counts = page.lines().filter(|line| line.starts_with("stagemark_media_cpu_seconds_count{"));
    counts.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

#[tokio::test(flavor = "current_thread")]
async fn an_upload_is_finished_by_two_processes() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _local = metrics::set_default_local_recorder(&recorder);
    let studio = Studio::new();
    let upload = studio.upload(CLIP.as_ref()).await;
    crate::fused::usual(&studio, upload.clone()).await;
    let (first, before) = (processes(&metrics.render()), metrics.render());

    crate::fused::usual(&studio, upload).await;

    // The first makes the bumpers by one more, and asks ffmpeg for its version if no test of this process has.
    assert!((3.0..=5.0).contains(&first), "{before}");
    assert!((processes(&metrics.render()) - first - 2.0).abs() < 0.1, "{}", metrics.render());
}
