//! A large object through the artifact store, beside the store's own client.

use std::{
    error::Error,
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use futures::TryStreamExt;
use stagemark::ports::Artifacts;
use stagemark_blob::{S3Artifacts, S3Options, UploadTerms};
use stagemark_services::S3;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::io::ReaderStream;

const MEBIBYTE: usize = 1024 * 1024;
const SIZE: usize = 1024 * MEBIBYTE;
const ROUNDS: usize = 2;
const VALID: Duration = Duration::from_mins(30);
const PIECE_BYTES: usize = 256 * 1024;

/// One round of each, up and down.
struct Round {
    own: [Duration; 2],
    plain: [Duration; 2],
    ours: [Duration; 2],
}

/// Moves one gibibyte up and down, by the store's own client and by ours, in turn.
pub(crate) async fn measure(dir: &Path) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir_in(dir)?;
    let folder = folder.path().canonicalize()?;
    let source = folder.join("source.bin");
    make(&source)?;
    let s3 = tokio::task::spawn_blocking(S3::temporary).await??;
    let access = s3.access();
    let options = S3Options::new(&access.bucket).endpoint(&access.endpoint);
    let options = options.credentials(&access.access_key_id, access.secret_access_key.reveal());
    let artifacts = S3Artifacts::open(options).await?;
    println!("\none GiB through the artifact store, seconds    own client   plain S3     ours   to own   to S3");
    // From here on; `5` is the kernel's word for it.
    fs::write("/proc/self/clear_refs", "5")?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let own = [own_up(&s3, &source)?, own_down(&s3, &folder.join("own.bin")).await?];
        let up = up(&artifacts, &source).await?;
        let down = down(&artifacts, &folder.join("ours.bin")).await?;
        artifacts.delete("bench/source.bin").await?;
        let plain = [plain_up(&artifacts, &source).await?, plain_down(&artifacts, &folder.join("plain.bin")).await?];
        artifacts.delete("bench/plain.bin").await?;
        rounds.push(Round { own, plain, ours: [up, down] });
    }
    for (at, name) in ["up", "down"].into_iter().enumerate() {
        let best = |of: fn(&Round) -> [Duration; 2]| rounds.iter().map(|round| of(round)[at]).min().unwrap_or_default();
        let of_plain = best(|round| round.plain).as_secs_f64();
        let (own, ours) = (best(|round| round.own).as_secs_f64(), best(|round| round.ours).as_secs_f64());
        let (to_own, to_plain) = (ours / own, ours / of_plain);
        println!("  {name:<44} {own:>10.2} {of_plain:>10.2} {ours:>8.2} {to_own:>8.2} {to_plain:>7.2}");
    }
    println!("  the most memory of this process, MiB {:>34.0}", memory_mib()?);
    Ok(())
}

/// Bytes that cannot be made smaller.
fn make(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::with_capacity(MEBIBYTE, File::create(path)?);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..SIZE / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes())?;
    }
    Ok(file.into_inner()?.sync_all()?)
}

/// By the store's own client.
fn own_up(s3: &S3, source: &Path) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let output = s3.own_copy(source, "own").stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(begun.elapsed());
    }
    Err(format!("the store's own client: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// By one plain request, which is all that the store's own client does.
async fn own_down(s3: &S3, to: &Path) -> Result<Duration, Box<dyn Error>> {
    got(&s3.own_url("own", "source.bin"), to).await
}

/// By one S3 request for all of it, unchecked.
async fn plain_up(artifacts: &S3Artifacts, source: &Path) -> Result<Duration, Box<dyn Error>> {
    let terms = UploadTerms { size_bytes: SIZE as u64, content_type: "video/mp4".to_owned(), valid: VALID };
    let url = artifacts.upload_url("bench/plain.bin", &terms).await?;
    let begun = Instant::now();
    let mut sent = reqwest::Client::new().put(url.reveal());
    for (name, value) in url.headers() {
        sent = sent.header(*name, value);
    }
    let file = tokio::fs::File::open(source).await?;
    let pieces = ReaderStream::with_capacity(file, PIECE_BYTES);
    sent.body(reqwest::Body::wrap_stream(pieces))
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(reqwest::Error::without_url)?;
    Ok(begun.elapsed())
}

async fn plain_down(artifacts: &S3Artifacts, to: &Path) -> Result<Duration, Box<dyn Error>> {
    got(artifacts.download_url("bench/plain.bin", VALID).await?.reveal(), to).await
}

async fn got(url: &str, to: &Path) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let mut answer =
        reqwest::get(url).await.and_then(reqwest::Response::error_for_status).map_err(reqwest::Error::without_url)?;
    let mut out = tokio::fs::File::create(to).await?;
    while let Some(piece) = answer.chunk().await? {
        out.write_all(&piece).await?;
    }
    out.flush().await?;
    let took = begun.elapsed();
    checked(to)?;
    Ok(took)
}

async fn up(artifacts: &S3Artifacts, source: &Path) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let mut from = tokio::fs::File::open(source).await?;
    let mut sink = artifacts.write("bench/source.bin").await?;
    loop {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        if from.read_buf(&mut piece).await? == 0 {
            break;
        }
        sink.write(piece.into()).await?;
    }
    sink.finish().await?;
    Ok(begun.elapsed())
}

async fn down(artifacts: &S3Artifacts, to: &Path) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let mut out = tokio::fs::File::create(to).await?;
    let mut pieces = artifacts.read("bench/source.bin").await?;
    while let Some(piece) = pieces.try_next().await? {
        out.write_all(&piece).await?;
    }
    out.flush().await?;
    let took = begun.elapsed();
    checked(to)?;
    Ok(took)
}

/// Sees that all has come, and makes room.
fn checked(path: &Path) -> Result<(), Box<dyn Error>> {
    let len = fs::metadata(path)?.len();
    fs::remove_file(path)?;
    if len == SIZE as u64 { Ok(()) } else { Err(format!("{} has {len} bytes", path.display()).into()) }
}

fn memory_mib() -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    Ok(most.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}
