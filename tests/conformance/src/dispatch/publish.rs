//! What was published is handed out.

use std::sync::Arc;

use futures::future::join_all;
use stagemark::{
    Priority,
    ports::{Dispatch, Hint},
};

use super::{
    Broker,
    fixture::{hint, hints, receive, runs, said},
};

/// Every field of a hint comes through.
pub async fn a_hint_comes_as_it_was_published(broker: &impl Broker) {
    let client = broker.client().await;
    let trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into());
    let plain = hint();
    let full = Hint { node: u16::MAX, version: u32::MAX, priority: Priority::High, trace, ..hint() };

    client.publish(&[plain.clone(), full.clone()]).await.unwrap();

    let mut received = said(&receive(&client, 2).await);
    received.sort_by_key(|hint| hint.priority);
    assert_eq!(received, [plain, full]);
}

/// Publishing nothing changes nothing.
pub async fn an_empty_publication_is_no_error(broker: &impl Broker) {
    let client = broker.client().await;

    client.publish(&[]).await.unwrap();

    let published = hint();
    client.publish(std::slice::from_ref(&published)).await.unwrap();
    assert_eq!(said(&receive(&client, 1).await), [published]);
}

/// A large publication is not cut.
pub async fn all_hints_of_a_publication_come(broker: &impl Broker) {
    let client = broker.client().await;
    let published = hints(700);

    client.publish(&published).await.unwrap();

    let mut received = Vec::new();
    while received.len() < published.len() {
        let some = receive(&client, 1.max((published.len() - received.len()).min(50))).await;
        received.extend(said(&some));
        client.settle(some).await.unwrap();
    }
    assert_eq!(runs(&received), runs(&published));
}

/// A pool needs nobody who receives for hints to be kept.
pub async fn a_hint_waits_for_those_who_come_later(broker: &impl Broker) {
    let host = broker.client().await;
    let published = hint();
    host.publish(std::slice::from_ref(&published)).await.unwrap();

    let later = broker.client().await;

    assert_eq!(said(&receive(&later, 1).await), [published]);
}

/// What was confirmed does not depend on who said it.
pub async fn a_hint_outlives_its_publisher(broker: &impl Broker) {
    let host = broker.client().await;
    let published = hint();
    host.publish(std::slice::from_ref(&published)).await.unwrap();

    drop(host);

    assert_eq!(said(&receive(&broker.client().await, 1).await), [published]);
}

/// Hints are no commands: two alike are two.
pub async fn a_hint_that_is_published_again_comes_again(broker: &impl Broker) {
    let client = broker.client().await;
    let published = hint();

    client.publish(std::slice::from_ref(&published)).await.unwrap();
    client.publish(std::slice::from_ref(&published)).await.unwrap();

    assert_eq!(said(&receive(&client, 2).await), [published.clone(), published]);
}

/// A client may be shared by those who publish.
pub async fn publications_at_once_all_come(broker: &impl Broker) {
    let client = Arc::new(broker.client().await);
    let batches: Vec<_> = (0..8).map(|_| hints(5)).collect();

    let published = join_all(batches.iter().map(|batch| client.publish(batch))).await;

    assert!(published.iter().all(Result::is_ok), "{published:?}");
    assert_eq!(runs(&said(&receive(client.as_ref(), 40).await)), runs(&batches.concat()));
}
