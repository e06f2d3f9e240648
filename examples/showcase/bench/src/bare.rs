//! The floor: a handler that reads the same places of the same board from Redis, once a request, and nothing else.

use std::{
    env,
    error::Error,
    io::Read,
    net::SocketAddr,
    process::Stdio,
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get, serve::ListenerExt};
use fred::{
    clients::Client,
    interfaces::{ClientLike, SortedSetsInterface},
    types::{Builder, ClusterHash, CustomCommand, config::Config},
};
use serde::Serialize;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    time::sleep,
};

use crate::{host::free, process::Process, servers::Servers};

/// How the API names the set of a board.
const SETS: &str = "*:app:sums:{global@*";
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

/// A place on the board.
#[derive(Debug, Serialize)]
struct Entry {
    member: String,
    score: f64,
}

#[derive(Clone)]
struct Board {
    redis: Client,
    key: String,
}

/// Serves until the input ends.
pub(crate) async fn serve(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let redis = Builder::from_config(Config::from_url(&env::var("REDIS_URL")?)?).build()?;
    let _connection = redis.init().await?;
    let keys = CustomCommand::new_static("KEYS", ClusterHash::FirstKey, false);
    let found: Vec<String> = redis.custom(keys, vec![SETS]).await?;
    let [key] = &found[..] else { return Err(format!("there are {} sets of the board", found.len()).into()) };
    let board = Board { redis, key: key.clone() };
    let listener = TcpListener::bind(address).await?.tap_io(|stream| {
        // As the API's host has it. What cannot be set leaves the connection as good as it was.
        let _set = stream.set_nodelay(true);
    });
    let router = Router::new().route("/", get(read)).with_state(board);
    let mut input = Vec::new();
    let ended = tokio::task::spawn_blocking(move || std::io::stdin().read_to_end(&mut input));
    tokio::select! {
        served = axum::serve(listener, router) => served?,
        ended = ended => drop(ended??),
    }
    Ok(())
}

async fn read(State(board): State<Board>) -> Result<Json<Vec<Entry>>, StatusCode> {
    let places: Vec<(String, f64)> =
        board.redis.zrevrange(&board.key, 0, 19, true).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(Json(places.into_iter().map(|(member, score)| Entry { member, score }).collect()))
}

/// This handler in a process of its own, which is killed when it is dropped.
pub(crate) struct Bare {
    pub(crate) url: String,
    child: Child,
}

impl Bare {
    /// Starts it; the board must be there.
    pub(crate) async fn start(servers: &Servers) -> Result<Self, Box<dyn Error>> {
        let address = free()?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["--bare", &address.to_string()]).env("REDIS_URL", servers.redis.url());
        let child = command.stdin(Stdio::piped()).kill_on_drop(true).spawn()?;
        let bare = Self { url: format!("http://{address}/"), child };
        let began = Instant::now();
        while !reqwest::get(&bare.url).await.is_ok_and(|answer| answer.status().is_success()) {
            if began.elapsed() > PATIENCE {
                return Err("the bare handler does not answer".into());
            }
            sleep(LOOK).await;
        }
        Ok(bare)
    }

    /// Its process.
    pub(crate) fn process(&self) -> Result<Process, Box<dyn Error>> {
        self.child.id().map(Process).ok_or_else(|| "the bare handler has ended".into())
    }

    /// The players on the board, best first.
    pub(crate) async fn players(&self) -> Result<Vec<String>, Box<dyn Error>> {
        let entries: Vec<serde_json::Value> = reqwest::get(&self.url).await?.error_for_status()?.json().await?;
        Ok(entries.iter().filter_map(|entry| Some(entry["member"].as_str()?.to_owned())).collect())
    }
}
