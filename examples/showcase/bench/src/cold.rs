//! Five hundred readers of a board that nobody has computed, on two hosts at once: it is computed once.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use futures::future::join_all;
use reqwest::Client;
use sea_orm::ConnectionTrait;
use stagemark_contest_contract::Ranking;
use stagemark_contest_records::Records;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    board,
    host::Host,
    servers::Servers,
    times::{Ms, Times},
};

const READERS: usize = 500;
const ROUNDS: usize = 5;
const COMPUTED: &str = "contest_rankings_computed_total";
const UNDER_WAY: &str = "contest_http_requests_under_way";
/// Less than a host waits for another before it computes for itself.
const GATHER_MAX: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(20);

/// What became of readers who all came at once.
#[derive(Default)]
struct Readers {
    took: Vec<Duration>,
    computed: Vec<u64>,
    /// Without an answer, or with another board than there was before.
    errors: usize,
}

/// When each was answered, and what.
type Answers = JoinSet<Result<(Instant, Ranking), reqwest::Error>>;

impl Readers {
    /// Adds what they are answered; times are from this moment on.
    async fn add(&mut self, answers: Answers, from: Instant, shown: &Ranking) {
        for answer in answers.join_all().await {
            match answer {
                Ok((at, told)) if board::is_same(&told, shown) => self.took.push(at.saturating_duration_since(from)),
                _ => self.errors += 1,
            }
        }
    }

    fn row(self, what: &str) -> Result<(), Box<dyn Error>> {
        let times: Times = self.took.into_iter().collect();
        let computed: Vec<_> = self.computed.iter().map(u64::to_string).collect();
        let (p50, p99, most) = (Ms(times.percentile(50)), Ms(times.percentile(99)), Ms(times.most()));
        println!("| {what} | {} | {p50} | {p99} | {most} | {} |", computed.join(", "), self.errors);
        let is_once = self.computed.iter().all(|times| *times == 1);
        if is_once { Ok(()) } else { Err("a cold board was not computed once".into()) }
    }
}

/// The two hosts, each with connections that are there already, and the board as it is.
struct Fleet<'a> {
    hosts: [&'a Host; 2],
    clients: [Client; 2],
    shown: Ranking,
}

/// Prints the table.
pub(crate) async fn measure(servers: &Servers, one: &Host) -> Result<(), Box<dyn Error>> {
    let other = Host::start(servers, "api-2").await?;
    let clients = [Client::new(), Client::new()];
    let shown = board::warm(&clients[0], one).await?;
    let fleet = Fleet { hosts: [one, &other], clients, shown };
    fleet.connect().await?;
    println!("## {READERS} readers of a cold board, at once, on two hosts\n");
    println!("| | computed | p50, ms | p99, ms | longest, ms | errors |");
    println!("|---|---|---|---|---|---|");
    let (mut freely, mut held) = (Readers::default(), Readers::default());
    for _ in 0..ROUNDS {
        fleet.read_cold(servers, &mut freely).await?;
    }
    freely.row(&format!("{ROUNDS} times, from the time of asking"))?;
    fleet.read_held(servers, &mut held).await?;
    held.row("with the database held until all wait, from then on")?;
    println!();
    drop(fleet);
    other.stop().await
}

impl Fleet<'_> {
    /// Opens as many connections as are needed, so that the readers come at one moment.
    async fn connect(&self) -> Result<(), Box<dyn Error>> {
        let asked =
            (0..READERS).map(|reader| self.clients[reader % 2].get(self.hosts[reader % 2].url("/livez")).send());
        for answer in join_all(asked).await {
            answer?.error_for_status()?.bytes().await?;
        }
        Ok(())
    }

    async fn sum(&self, metric: &str) -> Result<u64, Box<dyn Error>> {
        Ok(self.hosts[0].count(metric, &[]).await? + self.hosts[1].count(metric, &[]).await?)
    }

    /// Makes the board cold, and has all read it.
    async fn read_cold(&self, servers: &Servers, readers: &mut Readers) -> Result<(), Box<dyn Error>> {
        servers.redis.flush()?;
        let (before, began) = (self.sum(COMPUTED).await?, Instant::now());
        let answers = self.ask();
        readers.add(answers, began, &self.shown).await;
        readers.computed.push(self.sum(COMPUTED).await? - before);
        Ok(())
    }

    /// The same, but the database tells nothing before all wait for it.
    async fn read_held(&self, servers: &Servers, readers: &mut Readers) -> Result<(), Box<dyn Error>> {
        let records = Records::open(&servers.postgres.url()).await?;
        servers.redis.flush()?;
        let before = self.sum(COMPUTED).await?;
        let held = records.begin().await?;
        held.execute_unprepared("LOCK TABLE contest_tally IN ACCESS EXCLUSIVE MODE").await?;
        let (answers, began) = (self.ask(), Instant::now());
        while self.sum(UNDER_WAY).await? < READERS as u64 {
            if began.elapsed() > GATHER_MAX {
                return Err("the readers did not all come in time".into());
            }
            sleep(LOOK).await;
        }
        let released = Instant::now();
        held.rollback().await?;
        readers.add(answers, released, &self.shown).await;
        readers.computed.push(self.sum(COMPUTED).await? - before);
        Ok(())
    }

    /// All ask at once.
    fn ask(&self) -> Answers {
        let mut answers = JoinSet::new();
        for reader in 0..READERS {
            let (client, url) = (self.clients[reader % 2].clone(), self.hosts[reader % 2].url(board::PATH));
            answers.spawn(async move {
                let answer = client.get(url).send().await?.error_for_status()?.json().await?;
                Ok((Instant::now(), answer))
            });
        }
        answers
    }
}
