//! Weights that are changed while there are boards and tallies.

use std::{sync::Arc, time::Duration};

use stagemark::Timestamp;
use stagemark_contest_ranking::{
    Board, Event, MemorySets, Options, Rankings, RecordsSource, RedisSets, Weights, intake, ports::Sets, tally,
};
use stagemark_contest_records::{
    Records,
    entity::{event::Kind, video::State::Ready},
    events::{self, NewEvent},
};
use uuid::Uuid;

use crate::{
    fixture::{ALL, connect, own_name},
    tables::Tables,
};

const OLD: Weights = Weights { like: 10.0, view: 1.0, watch_second: 0.05, half_life: Duration::from_hours(7 * 24) };
const NEW: Weights = Weights { like: 3.0, view: 0.5, ..OLD };

fn now() -> Timestamp {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Timestamp(u64::try_from(since.as_millis()).unwrap())
}

/// A host that has these weights, and these sets.
fn host(sets: impl Sets, weights: Weights, records: &Records) -> Rankings {
    let source = RecordsSource::new(records.clone(), weights);
    Rankings::new(Arc::new(sets), Arc::new(source), Options::new(weights))
}

async fn happens(records: &Records, video: Uuid, kinds: &[Kind]) -> Vec<Event> {
    let at = i64::try_from(now().0).unwrap();
    let new = |kind: &Kind| NewEvent { id: Uuid::now_v7(), video, kind: *kind, watch_ms: 0, at };
    let new: Vec<_> = kinds.iter().map(new).collect();
    let transaction = records.begin().await.unwrap();
    let taken = intake::take(&transaction, &new).await.unwrap();
    transaction.commit().await.unwrap();
    taken.events
}

/// Ends epochs until all that happened is tallied, by these weights.
async fn tallied(records: &Records, weights: &Weights) {
    for _ in 0..2 {
        let transaction = records.begin().await.unwrap();
        tally(&transaction, weights, now(), 100).await.unwrap();
        events::end_epoch(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

/// The only score on the board, but for what it lost in the moment since.
async fn score(rankings: &Rankings) -> f64 {
    let view = rankings.view(&Board::Global, ALL).await.unwrap();
    assert_eq!(view.total, 1);
    (view.standings[0].score * 100.0).round() / 100.0
}

/// Before and after are hosts of one fleet, of which one has the new weights.
async fn new_weights_hold_for_the_past_and_no_sum_has_both(tables: Tables, [before, after]: [Rankings; 2]) {
    let records = &tables.records;
    let player = tables.add_player("Ada", "Berlin").await;
    let video = tables.add_video(player, Ready).await;
    happens(records, video, &[Kind::Like, Kind::View, Kind::View]).await;
    tallied(records, &OLD).await;
    assert_eq!((score(&before).await, score(&after).await), (12.0, 4.0), "what is tallied counts as each says");

    let [one, other] = [happens(records, video, &[Kind::Like]).await, happens(records, video, &[Kind::View]).await];
    before.count(&one).await;
    after.count(&other).await;
    assert_eq!((score(&before).await, score(&after).await), (22.0, 4.5), "each counts on its own boards alone");

    // As a worker does with what is not complete.
    for host in [&before, &after] {
        let open = events::open(records).await.unwrap();
        assert_eq!(open.len(), 2);
        host.count_again(&[one.clone(), other.clone()].concat()).await.unwrap();
    }
    assert_eq!((score(&before).await, score(&after).await), (23.0, 7.5));
    tallied(records, &NEW).await;
    for host in [&before, &after] {
        host.forget(&Board::Global).await.unwrap();
    }
    assert_eq!((score(&before).await, score(&after).await), (23.0, 7.5), "nor do tallies, whoever made them");
}

#[tokio::test]
async fn on_hosts_with_a_redis_new_weights_hold_for_the_past_and_no_sum_has_both() {
    let tables = Tables::in_postgres().await;
    let redis = connect(&stagemark_services::redis_url().unwrap(), &own_name()).await;
    let hosts = [OLD, NEW].map(|weights| host(RedisSets::new(redis.clone(), weights), weights, &tables.records));

    new_weights_hold_for_the_past_and_no_sum_has_both(tables, hosts).await;
}

#[tokio::test]
async fn on_hosts_alone_new_weights_hold_for_the_past_and_no_sum_has_both() {
    let tables = Tables::in_sqlite().await;
    let hosts = [OLD, NEW].map(|weights| host(MemorySets::new(weights), weights, &tables.records));

    new_weights_hold_for_the_past_and_no_sum_has_both(tables, hosts).await;
}

#[tokio::test]
async fn a_new_half_life_holds_from_then_on_for_what_is_tallied() {
    let tables = Tables::in_sqlite().await;
    let video = tables.add_video(tables.add_player("Ada", "Berlin").await, Ready).await;
    happens(&tables.records, video, &[Kind::View]).await;
    tallied(&tables.records, &OLD).await;
    let short = Weights { half_life: Duration::from_mins(1), ..OLD };

    let score = score(&host(MemorySets::new(short), short, &tables.records)).await;

    // It was tallied a moment ago: a minute from then it will have lost a half of what it has now.
    assert!((0.5..=1.0).contains(&score), "{score}");
}

/// Events of one epoch come in any order: here a like is taken back in the batch before the one that it is tallied in.
#[tokio::test]
async fn a_like_that_is_taken_back_a_batch_before_it_is_tallied_leaves_nothing() {
    for tables in [Tables::in_sqlite().await, Tables::in_postgres().await] {
        let video = tables.add_video(tables.add_player("Ada", "Berlin").await, Ready).await;
        let (records, liked_at) = (&tables.records, i64::try_from(now().0).unwrap() - 12_345);
        for is_like in [false, true] {
            let transaction = records.begin().await.unwrap();
            if is_like {
                intake::liked(&transaction, video, liked_at).await.unwrap();
            } else {
                intake::unliked(&transaction, video, liked_at).await.unwrap();
            }
            transaction.commit().await.unwrap();
        }
        let transaction = records.begin().await.unwrap();
        events::end_epoch(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let first = Timestamp(now().0 + 1_000);
        let batches = [(first, -1), (Timestamp(first.0 + 10_800_017), 0)];

        for (at, likes) in batches {
            let transaction = records.begin().await.unwrap();
            assert_eq!(tally(&transaction, &OLD, at, 1).await.unwrap(), 1);
            let found = events::tallies(&transaction, &[video]).await.unwrap();
            transaction.commit().await.unwrap();
            assert_eq!(found[0].likes, likes, "the one that takes back comes first");
            let sum = found[0].like_sum;
            assert!(if likes == 0 { sum == 0.0 } else { sum < -0.9 }, "{sum}");
        }
    }
}
