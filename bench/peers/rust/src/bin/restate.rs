//! Restate: a service whose handler has five steps that do nothing, called through the server's ingress.
//!
//! A server must run on this host, at its usual ports; 256 calls are in flight.

use std::{net::SocketAddr, time::Instant};

use futures::{StreamExt, stream};
use reqwest::Client;
use restate_sdk::prelude::*;
use stagemark_bench_peers::{Mode, arguments, tell_rate, tell_times};

const SERVICE: &str = "127.0.0.1:9080";
const IN_FLIGHT: usize = 256;

struct Chain;

#[service]
impl Chain {
    #[handler]
    async fn go(&self, context: Context<'_>, mut n: u64) -> Result<u64, HandlerError> {
        for _ in 0..5 {
            n = context.run(move || async move { Ok(n + 1) }).name("step").await?;
        }
        Ok(n)
    }
}

async fn call(client: &Client, n: u64) {
    let answer = client.post("http://127.0.0.1:8080/Chain/go").json(&n).send().await.expect("the server answers");
    let made: u64 = answer.error_for_status().expect("the call succeeds").json().await.expect("it gives a number");
    assert_eq!(made, n + 5, "each step added one");
}

#[tokio::main]
async fn main() {
    let (mode, runs) = arguments();
    let address: SocketAddr = SERVICE.parse().expect("it is an address");
    tokio::spawn(HttpServer::new(Endpoint::builder().bind(Chain).build()).listen_and_serve(address));
    let client = &Client::new();
    let uri = format!("{{\"uri\": \"http://{SERVICE}\", \"force\": true}}");
    let register = client.post("http://127.0.0.1:9070/deployments").header("content-type", "application/json");
    register.body(uri).send().await.and_then(|answer| answer.error_for_status()).expect("the service is registered");
    match mode {
        Mode::Setup => call(client, 1).await,
        Mode::Throughput => {
            let begun = Instant::now();
            stream::iter(0..runs).for_each_concurrent(IN_FLIGHT, |n| call(client, n as u64)).await;
            tell_rate(runs, begun);
        }
        Mode::Alone => {
            let mut times = Vec::new();
            for n in 0..runs {
                let begun = Instant::now();
                call(client, n as u64).await;
                times.push(begun.elapsed());
            }
            tell_times(times);
        }
    }
}
