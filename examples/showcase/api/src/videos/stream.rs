//! A body as it comes in: piece by piece, of one length, and never for ever.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream, Bytes},
    http::{HeaderMap, header},
};
use futures::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{Kind, Problem};

/// How long nothing may come.
const IDLE: Duration = Duration::from_secs(15);
/// How slow a line may be, on the whole: a few bytes now and then would hold a connection for days.
const BYTES_PER_S_MIN: u64 = 16 * 1024;
/// What every body is given beside that.
const GRACE: Duration = Duration::from_mins(1);

/// A body that must have exactly this size. It ends with a problem where it has not, or does not come on.
pub(super) fn exactly(body: Body, size_bytes: u64) -> impl Stream<Item = Result<Bytes, Problem>> + Send + Unpin {
    let until = Instant::now() + GRACE + Duration::from_secs(size_bytes / BYTES_PER_S_MIN);
    let incoming = Incoming { body: body.into_data_stream(), left: size_bytes, until };
    stream::unfold(Some(incoming), |incoming| async move {
        let mut incoming = incoming?;
        match incoming.next().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(incoming))),
            Ok(None) => None,
            Err(problem) => Some((Err(problem), None)),
        }
    })
    .boxed()
}

/// Whether a body says of itself that it has this size; one that does not say may have it.
pub(super) fn announces(headers: &HeaderMap, size_bytes: u64) -> Result<(), Problem> {
    let Some(given) = headers.get(header::CONTENT_LENGTH) else { return Ok(()) };
    match given.to_str().ok().and_then(|given| given.parse::<u64>().ok()) {
        Some(given) if given == size_bytes => Ok(()),
        Some(given) if given > size_bytes => Err(too_large(size_bytes)),
        _ => Err(too_small(size_bytes)),
    }
}

struct Incoming {
    body: BodyDataStream,
    left: u64,
    until: Instant,
}

impl Incoming {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let next = timeout_at(self.until, timeout(IDLE, self.body.next())).await.and_then(|next| next);
        let Ok(next) = next else {
            return Err(Problem::new(Kind::TooSlow, "The body came in too slowly. Send it again."));
        };
        let Some(bytes) = next.transpose().map_err(|_| Problem::new(Kind::MalformedRequest, "The body broke off."))?
        else {
            return if self.left == 0 { Ok(None) } else { Err(too_small(self.left)) };
        };
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| too_large(self.left))?;
        Ok(Some(bytes))
    }
}

fn too_large(size_bytes: u64) -> Problem {
    Problem::new(Kind::PayloadTooLarge, format!("The body has more than the {size_bytes} bytes that were announced."))
}

fn too_small(left: u64) -> Problem {
    Problem::new(
        Kind::MalformedRequest,
        format!("The body ended before its {left} last bytes. Send all that was announced."),
    )
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures::TryStreamExt;

    use super::*;

    /// A body that sends a byte after each of these waits, and then nothing more.
    fn dripping(wait: Duration) -> Body {
        Body::from_stream(stream::unfold((), move |()| async move {
            tokio::time::sleep(wait).await;
            Some((Ok::<_, io::Error>(Bytes::from_static(b"x")), ()))
        }))
    }

    async fn kind(body: Body, size_bytes: u64) -> Option<Kind> {
        exactly(body, size_bytes).try_for_each(|_| async { Ok(()) }).await.err().map(|problem| problem.kind())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_is_given_up() {
        let begun = Instant::now();

        assert_eq!(kind(dripping(Duration::from_hours(9)), 10).await, Some(Kind::TooSlow));
        assert_eq!(begun.elapsed(), IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_by_the_byte_is_given_up() {
        let begun = Instant::now();

        assert_eq!(kind(dripping(IDLE / 2), 1 << 20).await, Some(Kind::TooSlow));
        assert!(begun.elapsed() < Duration::from_mins(3), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_body_has_its_size_or_is_refused() {
        for (size_bytes, refused) in [
            (2, Some(Kind::PayloadTooLarge)),
            (3, None),
            (4, Some(Kind::MalformedRequest)),
            (0, Some(Kind::PayloadTooLarge)),
        ] {
            assert_eq!(kind(Body::from("abc"), size_bytes).await, refused, "{size_bytes}");
        }
        let broken = Body::from_stream(stream::iter([Err::<Bytes, _>(io::Error::other("/srv/secret"))]));
        assert_eq!(kind(broken, 1).await, Some(Kind::MalformedRequest));
    }
}
