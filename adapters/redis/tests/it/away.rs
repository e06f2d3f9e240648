//! Redis is away: who asks is told at once, and all comes back by itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use stagemark_redis::Redis;
use stagemark_services as services;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

use crate::fixture::{WELL_AGAIN, answers, own, to_harm, until};

/// Does harm, ends it, and tells how long it took until Redis answered again.
async fn recovery(harm: impl FnOnce(&services::Redis), end: impl FnOnce(&services::Redis)) -> Duration {
    let (server, redis) = to_harm().await;
    assert!(answers(&redis).await);

    harm(&server);
    let asked = Instant::now();
    assert!(!answers(&redis).await);
    assert!(asked.elapsed() < Duration::from_secs(2), "it took {:?} to fail", asked.elapsed());
    end(&server);

    let ended = Instant::now();
    until(async || answers(&redis).await).await;
    ended.elapsed()
}

#[tokio::test]
async fn after_a_kill_it_comes_back() {
    let took = recovery(|server| server.kill().unwrap(), |server| server.start_again().unwrap()).await;

    println!("Redis answered {took:?} after it was killed and started again");
    assert!(took < WELL_AGAIN, "{took:?}");
}

#[tokio::test]
async fn after_a_stop_it_comes_back() {
    let took = recovery(|server| server.stop().unwrap(), |server| server.start_again().unwrap()).await;

    println!("Redis answered {took:?} after it was stopped and started again");
    assert!(took < WELL_AGAIN, "{took:?}");
}

#[tokio::test]
async fn after_a_short_pause_it_comes_back() {
    let took = recovery(|server| server.pause().unwrap(), services::Redis::resume).await;

    println!("Redis answered {took:?} after a pause of 1.5 s");
    assert!(took < WELL_AGAIN, "{took:?}");
}

#[tokio::test]
async fn after_a_long_pause_it_comes_back() {
    let (server, redis) = to_harm().await;
    server.pause().unwrap();
    let paused = Instant::now();
    while paused.elapsed() < Duration::from_secs(12) {
        assert!(!answers(&redis).await);
        sleep(Duration::from_millis(100)).await;
    }

    server.resume();
    let resumed = Instant::now();
    until(async || answers(&redis).await).await;

    println!("Redis answered {:?} after a pause of {:?}", resumed.elapsed(), paused.elapsed());
    assert!(resumed.elapsed() < WELL_AGAIN, "{:?}", resumed.elapsed());
}

#[tokio::test]
async fn who_asks_without_a_connection_is_told_at_once() {
    let (server, redis) = to_harm().await;
    server.kill().unwrap();
    // Who asks while the end of the connection is noticed may wait for an answer, once.
    for _ in 0..2 {
        assert!(!answers(&redis).await);
    }

    let asked = Instant::now();
    for _ in 0..100 {
        assert!(!answers(&redis).await);
    }

    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_redis_that_is_away_at_first_is_connected_to_when_it_comes() {
    let server = services::Redis::temporary().unwrap();
    server.stop().unwrap();

    let redis = own(&server.url()).await;
    assert!(!answers(&redis).await);
    server.start_again().unwrap();

    let started = Instant::now();
    until(async || answers(&redis).await).await;
    assert!(started.elapsed() < WELL_AGAIN, "{:?}", started.elapsed());
}

/// A way to a server on which connections up to a number hear and say nothing any more, and do not end either.
struct Way {
    address: std::net::SocketAddr,
    dead_to: Arc<AtomicU32>,
    connections: Arc<AtomicU32>,
}

impl Way {
    async fn to(server: std::net::SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (dead_to, connections) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (dead, counted) = (Arc::clone(&dead_to), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (dead, number) = (Arc::clone(&dead), counted.fetch_add(1, SeqCst) + 1);
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(server).await.unwrap();
                    let dies = async {
                        while dead.load(SeqCst) < number {
                            sleep(Duration::from_millis(5)).await;
                        }
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => return,
                        () = dies => {}
                    }
                    std::future::pending::<()>().await;
                });
            }
        });
        Self { address, dead_to, connections }
    }

    /// What is connected now is dead from now on.
    fn die(&self) {
        self.dead_to.store(self.connections.load(SeqCst), SeqCst);
    }
}

#[tokio::test]
async fn a_connection_whose_other_end_is_gone_without_a_word_is_replaced() {
    let server = services::Redis::temporary().unwrap();
    let way = Way::to(server.address()).await;
    let redis = own(&server.url().replace(&server.address().to_string(), &way.address.to_string())).await;
    assert!(answers(&redis).await);

    way.die();
    let died = Instant::now();
    until(async || !answers(&redis).await).await;
    // It is asked more often than the time after which silence would be noticed.
    until(async || answers(&redis).await).await;

    println!("Redis answered {:?} after the connection died without a word", died.elapsed());
    assert!(died.elapsed() < WELL_AGAIN, "{:?}", died.elapsed());
}

#[tokio::test]
async fn a_connection_ends_with_the_last_of_its_clones() {
    let server = services::Redis::temporary().unwrap();
    let way = Way::to(server.address()).await;
    let url = server.url().replace(&server.address().to_string(), &way.address.to_string());
    let redis: Redis = own(&url).await;
    let clone = redis.clone();
    drop(redis);
    assert!(answers(&clone).await);

    let before = way.connections.load(SeqCst);
    drop(clone);
    server.restart().unwrap();
    sleep(Duration::from_secs(1)).await;

    assert_eq!(way.connections.load(SeqCst), before, "it connected again");
}
