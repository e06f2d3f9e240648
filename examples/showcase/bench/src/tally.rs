//! Brings what came in into tallies, as a worker's schedule does, and sees that nothing was lost or counted twice.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use reqwest::Client;
use stagemark::Engine;
use stagemark_contest_contract::{CONSOLIDATE, Computed, Tick};
use stagemark_contest_ranking::{
    Options, Rankings, Weights,
    steps::{Consolidate, RefreshRankings},
};
use stagemark_contest_records::Records;
use stagemark_sql::SqlStore;

use crate::{board, host::Host, servers::Servers};

const GRACE: Duration = Duration::from_secs(5);

/// What events have come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sums {
    views: u64,
    watch_ms: u64,
}

impl Sums {
    fn of_tallies(servers: &Servers) -> Result<Self, Box<dyn Error>> {
        let sum = |of| servers.number(&format!("SELECT coalesce(sum({of}), 0) FROM contest_tally"));
        Ok(Self { views: sum("views")?, watch_ms: sum("watch_ms")? })
    }

    fn of_open_events(servers: &Servers) -> Result<Self, Box<dyn Error>> {
        let of = |of| servers.number(&format!("SELECT coalesce(sum({of}), 0) FROM contest_event WHERE state = 0"));
        Ok(Self { views: of("CASE WHEN kind = 0 THEN 1 ELSE 0 END")?, watch_ms: of("watch_ms")? })
    }
}

/// Prints what was found.
pub(crate) async fn check(servers: &Servers, host: &Host) -> Result<(), Box<dyn Error>> {
    let client = Client::new();
    let counted = board::warm(&client, host).await?;
    let (before, open) = (Sums::of_tallies(servers)?, Sums::of_open_events(servers)?);
    let events = servers.number("SELECT count(*) FROM contest_event WHERE state = 0")?;
    let took = consolidate(servers).await?;
    let after = Sums::of_tallies(servers)?;
    let is_whole = after == Sums { views: before.views + open.views, watch_ms: before.watch_ms + open.watch_ms };
    servers.redis.flush()?;
    let anew = board::read(&client, host).await.map_err(|error| error.to_string())?;
    let is_same = anew.computed == Computed::Database && board::is_same(&counted, &anew);
    println!(
        "{events} events became tallies in {:.1} s ({:.0} a second). The sums of views and of watch time in the tallies {} those of \
         all events in the database, and the board that was counted along {} the one that is computed from them anew, to a \
         thousandth of each score.\n",
        took.as_secs_f64(),
        events as f64 / took.as_secs_f64(),
        if is_whole { "are" } else { "are NOT" },
        if is_same { "is" } else { "is NOT" },
    );
    if is_whole && is_same { Ok(()) } else { Err("events were lost, or counted twice".into()) }
}

/// Twice, since the events of an epoch are tallied once it is over; gives how long the second time took.
async fn consolidate(servers: &Servers) -> Result<Duration, Box<dyn Error>> {
    let (url, weights) = (servers.postgres.url(), Weights::default());
    let records = Records::open(&url).await?;
    let rankings = Rankings::open(Some(&servers.redis.url()), records.clone(), Options::new(weights)).await?;
    let definition = CONSOLIDATE.define(|tick| {
        let consolidated = tick.then(Consolidate::new(records.clone(), weights));
        consolidated.then(RefreshRankings::new(records, rankings))
    });
    let scratch = servers.folder().join("scratch-consolidate");
    let engine = Engine::builder(SqlStore::open(&url).await?).scratch(scratch).serve(definition).start().await?;
    let mut began = Instant::now();
    for at_ms in 0..2 {
        began = Instant::now();
        engine.submit(CONSOLIDATE, Tick { at_ms }).await?.result().await?;
    }
    let took = began.elapsed();
    engine.shutdown(GRACE).await;
    Ok(took)
}
