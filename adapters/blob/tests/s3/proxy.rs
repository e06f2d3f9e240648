//! A proxy that stands between a client and a store, and does to each request what a test wants.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Pass,
    /// It is answered with this status, and the store never hears of it.
    Refuse(u16),
    /// It is held back for so long.
    Delay(Duration),
    /// The last byte of the answer is another one.
    Spoil,
    /// The store does it, and the answer is lost.
    Lose,
}

type Rule = Arc<Mutex<dyn FnMut(&str) -> Fate + Send>>;

/// A proxy at an address of its own; it ends when it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Stands before the store at this URL, and asks the rule about the first line of each request.
    pub(crate) async fn before(endpoint: &str, rule: impl FnMut(&str) -> Fate + Send + 'static) -> Self {
        let store = endpoint.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let rule: Rule = Arc::new(Mutex::new(rule));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A client that goes away in the middle is no news.
                let (store, rule) = (store.clone(), Arc::clone(&rule));
                tokio::spawn(async move { drop(serve(client, &store, &rule).await) });
            }
        });
        Self { address, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves the one request that a connection is for.
async fn serve(mut client: TcpStream, store: &str, rule: &Rule) -> std::io::Result<()> {
    let request = read_request(&mut client).await?;
    let first_line = String::from_utf8_lossy(request.split(|byte| *byte == b'\r').next().unwrap()).into_owned();
    let fate = rule.lock().unwrap()(&first_line);
    match fate {
        Fate::Refuse(status) => {
            let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return client.write_all(answer.as_bytes()).await;
        }
        Fate::Delay(time) => tokio::time::sleep(time).await,
        Fate::Pass | Fate::Spoil | Fate::Lose => {}
    }
    let mut upstream = TcpStream::connect(store).await?;
    upstream.write_all(&request).await?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await?;
    match (fate, answer.last_mut()) {
        (Fate::Lose, _) => return Ok(()),
        (Fate::Spoil, Some(last)) => *last ^= 1,
        _ => {}
    }
    client.write_all(&answer).await
}

/// A request as it came, but that it asks for the connection to be closed after the answer.
async fn read_request(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let head_bytes = loop {
        if let Some(at) = request.windows(4).position(|end| end == b"\r\n\r\n") {
            break at;
        }
        if client.read_buf(&mut request).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&request[..head_bytes]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let body_bytes: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    while request.len() < head_bytes + 4 + body_bytes {
        if client.read_buf(&mut request).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    request.splice(head_bytes..head_bytes, *b"\r\nConnection: close");
    Ok(request)
}
