//! The socket that the page is served from.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, time::sleep};

/// Where the page is where no address is asked for, or at one of the next ports.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// How many ports are tried, from the usual one on, where others listen already.
const PORTS: u16 = 20;
/// How long an address that is asked for is waited for: whoever was there before may just be ending.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// A socket at the address that is asked for, and no other; else at the usual port, or the next that is free.
///
/// # Errors
/// A sentence, if nothing can be listened at there.
pub(crate) async fn listen(asked: Option<SocketAddr>) -> Result<TcpListener, String> {
    match asked {
        Some(address) => at(address, PATIENCE).await,
        None => from(USUAL).await,
    }
}

async fn at(address: SocketAddr, patience: Duration) -> Result<TcpListener, String> {
    let began = Instant::now();
    loop {
        match TcpListener::bind(address).await {
            Err(error) if is_taken(&error) && began.elapsed() < patience => sleep(LOOK).await,
            Err(error) if is_taken(&error) => {
                return Err(format!("another process listens at {address}: end it, or name another by --listen"));
            }
            bound => return bound.map_err(|error| failed(address, &error)),
        }
    }
}

async fn from(first: SocketAddr) -> Result<TcpListener, String> {
    for port in (first.port()..).take(PORTS.into()) {
        let address = SocketAddr::new(first.ip(), port);
        match TcpListener::bind(address).await {
            Err(error) if is_taken(&error) => {}
            bound => return bound.map_err(|error| failed(address, &error)),
        }
    }
    Err(format!("others listen at {first} and the {PORTS} ports from there on; name another by --listen"))
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

fn failed(address: SocketAddr, error: &io::Error) -> String {
    format!("{address} cannot be listened at: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket of another process, so to say.
    async fn other() -> (TcpListener, SocketAddr) {
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = other.local_addr().unwrap();
        (other, address)
    }

    #[tokio::test]
    async fn an_address_that_is_asked_for_is_not_given_up_for_the_next() {
        let (_other, address) = other().await;

        let refused = at(address, Duration::ZERO).await.unwrap_err();

        assert!(refused.contains(&address.to_string()) && refused.contains("--listen"), "{refused}");
    }

    #[tokio::test]
    async fn an_address_is_had_once_the_process_before_has_ended() {
        let (other, address) = other().await;
        let waiting = at(address, PATIENCE);
        tokio::pin!(waiting);

        let early = tokio::time::timeout(2 * LOOK, &mut waiting).await;
        drop(other);

        assert!(early.is_err(), "it was had beside the other: {early:?}");
        assert_eq!(waiting.await.unwrap().local_addr().unwrap(), address);
    }

    #[tokio::test]
    async fn the_next_port_is_taken_where_none_was_asked_for() {
        let (_other, taken) = other().await;

        let had = from(taken).await.unwrap().local_addr().unwrap();

        assert!(had.port() > taken.port() && had.port() < taken.port() + PORTS, "{had} for {taken}");
    }
}
