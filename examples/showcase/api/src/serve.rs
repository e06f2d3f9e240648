//! Serves the API on a socket, against clients that take their time.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::ContestSettings;

/// How long a client may take for the head of a request, which is also how long a connection may lie idle.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);
/// How much of a connection is held in memory while it is read: the head of a request is no larger.
const BUFFER_BYTES: usize = 32 * 1024;
/// How long to wait where no connection can be accepted, for lack of files for example.
const PAUSE: Duration = Duration::from_millis(100);
/// How long requests that are being answered may go on once the host is told to stop.
const GRACE: Duration = Duration::from_secs(20);

/// Told to who answers a request: the host is about to end, so an answer that goes on for long should too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ending(pub(crate) CancellationToken);

/// Serves until told to stop, and then until what is being answered is, within a time of grace.
///
/// Event streams, which have no end to wait for, end at once: whoever listens comes again, to another host.
pub async fn serve(listener: TcpListener, router: Router, settings: &ContestSettings, stop: CancellationToken) {
    let (places, graceful) = (Arc::new(Semaphore::new(settings.connections_max)), GracefulShutdown::new());
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let connection =
                    graceful.watch(connection(stream, (ConnectInfo(peer), Ending(stop.clone())), router.clone()));
                tokio::spawn(async move {
                    // A client that is gone is no error of the host's.
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted for now");
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    if timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests that were not answered in time are dropped");
    }
}

/// The next connection, once there is a place for it: what waits in the system's queue costs next to nothing.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, place))
}

fn connection(
    stream: TcpStream,
    (peer, ending): (ConnectInfo<SocketAddr>, Ending),
    router: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(ending.clone());
        router.clone().oneshot(request.map(axum::body::Body::new))
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
}
