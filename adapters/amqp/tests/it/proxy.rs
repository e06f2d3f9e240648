//! What stands between clients and the broker, and cuts them off.

use std::sync::{Arc, Mutex};

use lapin::uri::AMQPUri;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// Passes connections on to the broker.
#[derive(Debug)]
pub(crate) struct Proxy {
    url: String,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    _accepting: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn to(url: &str) -> Self {
        let mut uri: AMQPUri = url.parse().unwrap();
        let broker = (uri.authority.host.clone(), uri.authority.port);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        "127.0.0.1".clone_into(&mut uri.authority.host);
        uri.authority.port = listener.local_addr().unwrap().port();
        let connections: Arc<Mutex<Vec<AbortHandle>>> = Arc::default();
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, broker, Arc::clone(&connections)));
        Self { url: uri.to_string(), connections, _accepting: accepting }
    }

    /// The URL of the broker by way of here.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends all connections that there are; new ones may come.
    pub(crate) fn cut(&self) {
        self.connections.lock().unwrap().drain(..).for_each(|connection| connection.abort());
    }
}

async fn accept(listener: TcpListener, broker: (String, u16), connections: Arc<Mutex<Vec<AbortHandle>>>) {
    let mut passing = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let broker = broker.clone();
        let connection = passing.spawn(async move {
            // Its end, by whichever side, is no failure here.
            if let Ok(mut far) = TcpStream::connect(broker).await {
                let _ended = copy_bidirectional(&mut near, &mut far).await;
            }
        });
        connections.lock().unwrap().push(connection);
    }
}
