//! A host of the API on a free port, with a database of its own.

use std::{net::SocketAddr, sync::Arc};

use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode,
    header::{CONTENT_TYPE, COOKIE, SET_COOKIE},
};
use serde_json::{Value, json};
use stagemark::Engine;
use stagemark_blob::LocalArtifacts;
use stagemark_contest_api::{Api, ContestSettings, Parts, Shared, Uploads, router, serve};
use stagemark_contest_lists::Latest;
use stagemark_contest_ranking::{MemorySets, Options, Rankings, RecordsSource, Weights, ports::Sets};
use stagemark_contest_records::{Records, testing};
use stagemark_redis::Redis;
use stagemark_sql::SqlStore;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::spawn_blocking};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

pub(crate) const SECRET: &str = "a secret of the tests, long enough";

/// Where a host has its tables.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Database {
    Sqlite,
    /// In a schema of its own.
    Postgres,
}

impl Database {
    /// A host on it with the usual settings.
    pub(crate) async fn host(self) -> Host {
        self.host_with(|_| {}).await
    }

    /// The same, with settings that were changed.
    pub(crate) async fn host_with(self, change: impl FnOnce(&mut ContestSettings)) -> Host {
        let folder = tempfile::tempdir().unwrap();
        let ground = match self {
            Self::Sqlite => Ground::of(folder).await,
            Self::Postgres => Ground::in_folder(folder, schema("accounts").await).await,
        };
        Host::on(ground, change).await
    }
}

/// The URL of a schema of its own in a `PostgreSQL` that tests share.
pub(crate) async fn schema(purpose: &str) -> String {
    let url = spawn_blocking(|| stagemark_services::database_url().unwrap()).await.unwrap();
    testing::schema(&url, &format!("{purpose}_{}", Uuid::now_v7().simple())).await.unwrap()
}

/// A host, until it is dropped with the runtime of its test.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) api: Shared,
    pub(crate) client: Client,
    _stop: DropGuard,
    _folder: Option<TempDir>,
}

/// What a host stands on.
pub(crate) struct Ground {
    pub(crate) folder: Option<TempDir>,
    pub(crate) url: String,
    pub(crate) engine: Engine,
    pub(crate) uploads: Uploads,
    /// The list of the latest videos, where others have it too.
    pub(crate) latest: Option<Latest>,
    /// What hosts share.
    pub(crate) redis: Option<Redis>,
}

impl Ground {
    /// A database and artifacts in a folder.
    pub(crate) async fn of(folder: TempDir) -> Self {
        let url = format!("sqlite://{}", folder.path().join("contest.db").display());
        Self::in_folder(folder, url).await
    }

    /// This database, and artifacts in a folder.
    pub(crate) async fn in_folder(folder: TempDir, url: String) -> Self {
        let engine = Engine::builder(SqlStore::open(&url).await.unwrap()).start().await.unwrap();
        let artifacts = LocalArtifacts::open(folder.path().join("artifacts")).unwrap();
        let uploads = Uploads::folder(artifacts, &SECRET.into());
        Self { folder: Some(folder), url, engine, uploads, latest: None, redis: None }
    }
}

impl Host {
    /// A host with the usual settings.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A host whose settings were changed.
    pub(crate) async fn start_with(change: impl FnOnce(&mut ContestSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::on(Ground::of(folder).await, change).await
    }

    /// A host on what was made before, with boards of its own.
    pub(crate) async fn on(ground: Ground, change: impl FnOnce(&mut ContestSettings)) -> Self {
        Self::with_boards(ground, MemorySets::new(Weights::default()), change).await
    }

    /// A host with boards in these sets.
    pub(crate) async fn with_boards(
        ground: Ground,
        sets: impl Sets,
        change: impl FnOnce(&mut ContestSettings),
    ) -> Self {
        let Ground { folder, url, engine, uploads, latest, redis } = ground;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let origin = format!("http://{address}").parse().unwrap();
        let mut settings = ContestSettings::new(origin, SECRET.into());
        change(&mut settings);
        let records = Records::open(&url).await.unwrap();
        let rankings = boards(sets, &records);
        let latest = latest.unwrap_or_else(|| Latest::of(redis.clone(), records.clone()));
        let api = Api::start(Parts { records, engine, uploads, rankings, latest, redis }, settings).await.unwrap();
        let (stop, settings, service) = (CancellationToken::new(), api.settings.clone(), router(&api));
        tokio::spawn({
            let stop = stop.clone();
            async move { serve(listener, service, &settings, stop).await }
        });
        Self { address, api, client: Client::new(), _stop: stop.drop_guard(), _folder: folder }
    }

    /// A request to a path of the host.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A request with a body in JSON.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Response {
        let request = self.request(method, path).header(CONTENT_TYPE, "application/json");
        request.body(body.to_string()).send().await.unwrap()
    }

    /// A new player, who is signed in.
    pub(crate) async fn sign_up(&self, name: &str) -> SignedIn {
        let body = json!({ "name": name, "password": PASSWORD, "city": "Berlin" });
        SignedIn::of(self.send(Method::POST, "/api/players", &body).await).await
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Response {
        self.send(Method::POST, "/api/session", &json!({ "name": name, "password": password })).await
    }

    /// Shows a refresh token.
    pub(crate) async fn refresh(&self, cookie: &str) -> Response {
        self.request(Method::POST, "/api/session/refresh").header(COOKIE, cookie).send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }
}

/// The password of all players of the tests.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// What somebody who is signed in has.
pub(crate) struct SignedIn {
    pub(crate) token: String,
    /// As the browser would send it.
    pub(crate) cookie: String,
    /// As the host has set it.
    pub(crate) set_cookie: String,
    pub(crate) player: Value,
}

impl SignedIn {
    pub(crate) async fn of(response: Response) -> Self {
        assert!(response.status().is_success(), "{}", response.status());
        let set_cookie = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        let cookie = set_cookie.split(';').next().unwrap().to_owned();
        let mut session: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        let token = session["access_token"].as_str().unwrap().to_owned();
        Self { token, cookie, set_cookie, player: session["player"].take() }
    }
}

/// Boards in these sets, made of these tables.
pub(crate) fn boards(sets: impl Sets, records: &Records) -> Rankings {
    let source = RecordsSource::new(records.clone(), Weights::default());
    Rankings::new(Arc::new(sets), Arc::new(source), Options::new(Weights::default()))
}

/// The slug of a problem; whatever else is a problem must be is looked at too.
pub(crate) async fn slug(response: Response) -> String {
    let status = response.status();
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json", "{status}");
    let problem: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(StatusCode::from_u16(problem["status"].as_u64().unwrap().try_into().unwrap()).unwrap(), status);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{problem}");
    problem["type"].as_str().unwrap().strip_prefix("/problems/").unwrap().to_owned()
}
