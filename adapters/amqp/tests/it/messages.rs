//! What stands in the queues, and what cannot be read.

use std::{sync::Arc, time::Duration};

use lapin::{
    BasicProperties,
    message::BasicGetMessage,
    types::{AMQPValue, FieldTable},
};
use stagemark::{
    Priority, RunId,
    ports::{Dispatch, Hint},
};
use stagemark_amqp::REASON_HEADER;
use stagemark_conformance::dispatch::Broker;
use tokio::time::{sleep, timeout};

use crate::fixture::{Rabbit, hint, pools};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn header(message: &BasicGetMessage, name: &str) -> Option<String> {
    let headers = message.properties.headers().as_ref()?;
    let text = headers.inner().get(name)?.as_long_string()?.as_bytes();
    Some(String::from_utf8(text.to_vec()).unwrap())
}

/// The next message of a queue.
async fn next(rabbit: &Rabbit, queue: String) -> BasicGetMessage {
    let taken = async {
        loop {
            match rabbit.console().await.take(&queue).await {
                Some(message) => return message,
                None => sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(Duration::from_secs(30), taken).await.expect("a message comes")
}

#[tokio::test]
async fn a_message_says_what_operators_and_brokers_must_know() {
    let rabbit = Rabbit::shared().await;
    let hint = Hint { priority: Priority::High, trace: Some(TRACE.into()), ..hint() };

    rabbit.client().await.publish(std::slice::from_ref(&hint)).await.unwrap();

    let message = next(&rabbit, rabbit.queue("default")).await;
    assert_eq!(header(&message, "traceparent").as_deref(), Some(TRACE));
    assert_eq!(header(&message, "x-stagemark-run"), Some(hint.run.to_string()));
    assert_eq!((message.properties.delivery_mode(), message.properties.priority()), (&Some(2), &Some(9)));
    assert_eq!(message.properties.content_type().as_ref().unwrap().as_str(), "application/json");
}

#[tokio::test]
async fn what_cannot_be_read_goes_to_the_dead_letters_with_the_reason() {
    let rabbit = Rabbit::shared().await;
    let client = rabbit.client().await;
    client.publish(&[hint()]).await.unwrap();
    let mut headers = FieldTable::default();
    headers.insert("CC".into(), AMQPValue::FieldArray(vec![AMQPValue::LongString("nowhere".into())].into()));
    let hostile = BasicProperties::default().with_headers(headers).with_message_id("m-1".into());
    rabbit.console().await.put(&rabbit.queue("default"), b"{\"format\":", hostile).await;

    let pools = pools();
    let received = client.receive(&pools, 10).await.unwrap();
    client.settle(received).await.unwrap();

    // It is given up only by those who ask for hints.
    let dead = tokio::select! {
        dead = next(&rabbit, rabbit.dead("default")) => dead,
        more = client.receive(&pools, 10) => panic!("{more:?} came"),
    };
    assert_eq!(dead.data, b"{\"format\":");
    assert!(header(&dead, REASON_HEADER).unwrap().starts_with("it is no hint in JSON"));
    assert_eq!(header(&dead, "x-stagemark-queue"), Some(rabbit.queue("default")));
    assert_eq!(dead.properties.message_id().as_ref().unwrap().as_str(), "m-1");
    empties(&rabbit, client).await;
}

/// A message that was set aside is not in its queue any more, also when those who read it are gone.
async fn empties(rabbit: &Rabbit, client: impl Dispatch) {
    let console = rabbit.console().await;
    sleep_until(async || console.take(&rabbit.dead("default")).await.is_none()).await;
    drop(client);
    sleep_until(async || console.count(&rabbit.queue("default")).await == (0, 0)).await;
}

async fn sleep_until(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), waiting).await.expect("it comes to be");
}

#[tokio::test]
async fn a_newer_format_is_left_to_operators() {
    let rabbit = Rabbit::shared().await;
    let client = rabbit.client().await;
    client.publish(&[hint()]).await.unwrap();
    let newer = br#"{"format":2,"runs":["a","b"]}"#;
    rabbit.console().await.put(&rabbit.queue("default"), newer, BasicProperties::default()).await;

    let pools = pools();
    let listening = async {
        loop {
            let received = client.receive(&pools, 10).await.unwrap();
            client.settle(received).await.unwrap();
        }
    };
    let dead = tokio::select! {
        dead = next(&rabbit, rabbit.dead("default")) => dead,
        () = listening => unreachable!("it listens for ever"),
    };

    assert_eq!(dead.data, newer);
    assert!(header(&dead, REASON_HEADER).unwrap().contains("format 2"));
}

#[tokio::test]
async fn a_client_holds_no_more_than_its_prefetch() {
    let rabbit = Rabbit::shared().await;
    let (few, other) = (rabbit.builder().prefetch(2).connect().await.unwrap(), rabbit.client().await);
    let published: Vec<_> = (0..5).map(|_| hint()).collect();
    let pools = pools();
    other.publish(&published).await.unwrap();

    let mut held = Vec::new();
    while held.len() < 2 {
        held.extend(few.receive(&pools, 10).await.unwrap());
    }
    let more = timeout(Duration::from_millis(300), few.receive(&pools, 10)).await;
    assert!(more.is_err(), "{more:?} came, over the prefetch");

    let mut left = Vec::new();
    while left.len() < 3 {
        left.extend(timeout(Duration::from_secs(30), other.receive(&pools, 10)).await.unwrap().unwrap());
    }
    let mut all: Vec<RunId> = held.iter().chain(&left).map(|delivery| delivery.hint.as_ref().unwrap().run).collect();
    all.sort_unstable();
    assert_eq!(all, published.iter().map(|hint| hint.run).collect::<Vec<_>>());
}

#[tokio::test]
async fn hints_that_nobody_asks_for_are_left_to_others() {
    let rabbit = Rabbit::shared().await;
    let (busy, other) = (rabbit.client().await, rabbit.client().await);
    let published: Vec<_> = (0..10).map(|_| hint()).collect();
    let pools = pools();
    busy.publish(&published).await.unwrap();

    let taken = busy.receive(&pools, 1).await.unwrap();
    busy.settle(taken.clone()).await.unwrap();

    let mut left = Vec::new();
    while left.len() < 9 {
        let received = timeout(Duration::from_secs(30), other.receive(&pools, 10)).await;
        left.extend(received.expect("it comes").unwrap());
    }
    other.settle(left).await.unwrap();
    let next = hint();
    let (received, ()) = tokio::join!(async { busy.receive(&pools, 10).await.unwrap() }, async {
        drop(other);
        busy.publish(std::slice::from_ref(&next)).await.unwrap();
    });
    assert_eq!(received[0].hint.as_ref(), Some(&next), "it listens again when it asks again");
}

#[tokio::test]
async fn a_batch_is_handed_out_by_priority() {
    let rabbit = Rabbit::shared().await;
    let client = rabbit.client().await;
    let levels = [Priority::Low, Priority::High, Priority::Normal, Priority::High, Priority::Low];
    let published = levels.map(|priority| Hint { priority, ..hint() });
    let first: Arc<str> = "gpu".into();
    // Consumers first, so that all that is published later is at hand when it is asked for.
    client.publish(&[Hint { pool: Arc::clone(&first), ..hint() }]).await.unwrap();
    let pools = [first, "default".into()];
    let first = client.receive(&pools, 1).await.unwrap();
    client.settle(first).await.unwrap();

    // Whether all of them are at hand at once is the network's to say; some batch soon has them all.
    for _round in 0..50 {
        client.publish(&published).await.unwrap();
        sleep_until(async || rabbit.console().await.count(&rabbit.queue("default")).await == (0, 1)).await;
        let (mut came, mut is_whole) = (0, false);
        while came < levels.len() {
            let batch = client.receive(&pools, 10).await.unwrap();
            let order: Vec<_> = batch.iter().map(|delivery| delivery.hint.as_ref().unwrap().priority).collect();
            assert!(order.is_sorted_by(|one, next| one >= next), "{order:?}");
            is_whole |= order.len() == levels.len();
            came += order.len();
            client.settle(batch).await.unwrap();
        }
        if is_whole {
            return;
        }
    }
    panic!("no batch had all that was published");
}
