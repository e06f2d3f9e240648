//! The connection to Redis, and how it is asked: with a time limit, at once or not at all.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fred::{
    clients::{Client, WithOptions},
    error::{Error, ErrorKind},
    interfaces::{ClientLike, EventInterface, LuaInterface},
    types::{ConnectHandle, FromValue, Value, config::Options as Terms},
};
use stagemark::ports::AcceleratorError;
use tokio::time::{Instant, interval, timeout};

use crate::{Options, RedisError, keys::Prefix};

/// How long an answer is waited for.
pub(crate) const ANSWER: Duration = Duration::from_millis(1_500);
/// How long Redis is waited for at the beginning.
const FIRST: Duration = Duration::from_secs(5);
/// How long Redis may say nothing before the connection is taken for dead.
const SILENCE: Duration = Duration::from_secs(3);

/// Locks, idempotency keys, live progress and limits in Redis; clones share a connection, which comes back by itself.
///
/// ```no_run
/// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
/// use stagemark_redis::Redis;
///
/// let redis = Redis::options("redis://cache:6379")?.prefix("videos")?.password("secret").connect().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Redis {
    link: Arc<Link>,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Link { servers, prefix, .. } = &*self.link;
        f.debug_struct("Redis").field("servers", servers).field("prefix", prefix).finish_non_exhaustive()
    }
}

struct Link {
    client: Client,
    terms: Terms,
    servers: Vec<String>,
    prefix: Prefix,
    task: ConnectHandle,
    /// When Redis answered last, or the connection was begun anew.
    heard: Mutex<Instant>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Redis {
    /// Connects to the Redis at this address, such as `redis://:password@host:6379`, or `redis-cluster://host:7000` for
    /// a cluster. See [`Options::connect`].
    pub async fn connect(url: &str) -> Result<Self, RedisError> {
        Self::options(url)?.connect().await
    }

    /// What may be said of a connection besides its address, before it is made.
    pub fn options(url: &str) -> Result<Options, RedisError> {
        Options::parse(url)
    }

    pub(crate) fn prefix(&self) -> &Prefix {
        &self.link.prefix
    }

    /// A client that answers at once where there is no connection.
    pub(crate) fn client(&self) -> WithOptions<Client> {
        self.link.client.with_options(&self.link.terms)
    }

    /// Runs a script. Its text goes along, so that there is nothing that the server could forget.
    pub(crate) async fn run<T: FromValue>(
        &self,
        doing: &'static str,
        script: &'static str,
        keys: Vec<String>,
        arguments: Vec<Value>,
    ) -> Result<T, AcceleratorError> {
        self.ask(doing, self.client().eval(script, keys, arguments)).await
    }

    pub(crate) async fn ask<T>(
        &self,
        doing: &'static str,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, AcceleratorError> {
        // The client's own way to fail fast waits out the time limit all the same.
        if !self.link.client.is_connected() {
            return Err(AcceleratorError::new(doing, "there is no connection to Redis; it is tried on"));
        }
        match answer.await {
            Ok(answer) => {
                *self.link.heard() = Instant::now();
                Ok(answer)
            }
            Err(error) => {
                if *error.kind() == ErrorKind::Timeout {
                    self.link.doubt();
                }
                Err(AcceleratorError::new(doing, error))
            }
        }
    }
}

impl Link {
    /// Begins the connection anew if nothing was heard on it for too long: on one whose other end is gone without a
    /// word, nothing will be.
    fn doubt(&self) {
        let mut heard = self.heard();
        if heard.elapsed() < SILENCE {
            return;
        }
        *heard = Instant::now();
        drop(heard);
        let client = self.client.clone();
        tokio::spawn(async move {
            // It goes on by itself; how it went is seen by the next who asks.
            let _tried = timeout(FIRST, client.force_reconnection()).await;
        });
    }

    fn heard(&self) -> MutexGuard<'_, Instant> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) async fn connect(options: Options) -> Result<Redis, RedisError> {
    let client = options.client()?;
    let mut errors = client.error_rx();
    let task = client.connect();
    let mut last = None;
    let answered = async {
        let mut look = interval(Duration::from_millis(10));
        loop {
            tokio::select! {
                _ = look.tick() => if client.is_connected() { return None },
                Ok((error, _)) = errors.recv() => {
                    if is_refusal(&error) {
                        return Some(error);
                    }
                    last = Some(error);
                }
            }
        }
    };
    match timeout(FIRST, answered).await {
        Ok(None) => {}
        Ok(Some(error)) => {
            task.abort();
            let denied = *error.kind() == ErrorKind::Auth;
            return Err(if denied { RedisError::Denied(error) } else { RedisError::Refused(error) });
        }
        Err(_) => {
            let error = last.as_ref().map(|error| error as &dyn std::error::Error);
            tracing::warn!(servers = ?options.servers(), error, "Redis is not reached; it is tried on");
        }
    }
    let terms = Terms { max_attempts: Some(1), timeout: Some(ANSWER), fail_fast: true, ..Terms::default() };
    let servers = options.servers();
    let heard = Mutex::new(Instant::now());
    Ok(Redis { link: Arc::new(Link { client, terms, servers, prefix: options.prefix, task, heard }) })
}

/// Whether trying again cannot help.
fn is_refusal(error: &Error) -> bool {
    let refusals = ["ERR", "NOPERM", "InvalidCertificate"];
    let answered = refusals.iter().any(|refusal| error.details().contains(refusal));
    answered || matches!(error.kind(), ErrorKind::Auth | ErrorKind::Config)
}
