//! A way to a server on which the answer to what was asked last can be lost.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Passes on what it hears, both ways; see [`cut_next_answer`](Self::cut_next_answer).
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    cut_next: AtomicBool,
    cut: AtomicUsize,
}

/// What a client says to have something committed: the text of a statement comes with its first execution on a
/// connection, and later ones name it, so the size of the message is what tells.
const COMMITS_BYTES_MIN: usize = 300;

impl Proxy {
    pub(crate) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::new(State::default()));
        let told = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A client whose connection fails connects again.
                let told = Arc::clone(&told);
                tokio::spawn(async move { drop(pass_on(client, server, &told).await) });
            }
        });
        Self { address, state, serving }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next write is passed on to the server, and its answer is not: the connection is closed instead.
    pub(crate) fn cut_next_answer(&self) {
        self.state.cut_next.store(true, SeqCst);
    }

    pub(crate) fn answers_cut(&self) -> usize {
        self.state.cut.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass_on(client: TcpStream, server: SocketAddr, state: &State) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    let mut said = vec![0; 64 * 1024];
    loop {
        let length = from_client.read(&mut said).await?;
        if length == 0 {
            break;
        }
        let cut = length >= COMMITS_BYTES_MIN && state.cut_next.swap(false, SeqCst);
        if cut {
            // Before it is passed on, so that no answer can slip through.
            answers.abort();
            state.cut.fetch_add(1, SeqCst);
        }
        to_server.write_all(&said[..length]).await?;
        if cut {
            // The server has heard it; it goes on to commit whether or not anybody listens.
            break;
        }
    }
    to_server.shutdown().await?;
    Ok(())
}
