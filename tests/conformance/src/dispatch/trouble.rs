//! Bad messages and lost connections.

use stagemark::ports::Dispatch;

use super::{
    Broker,
    fixture::{POOL, again_until_done, assert_silence, hint, hints, pools, receive, runs, said},
};

/// It is set aside, and those behind it are handed out.
pub async fn what_cannot_be_read_stops_nothing(broker: &impl Broker) {
    let client = broker.client().await;
    // So that the pool is known to the broker.
    client.publish(&[hint()]).await.unwrap();
    client.settle(receive(&client, 1).await).await.unwrap();
    let published = hints(2);

    client.publish(&published[..1]).await.unwrap();
    for _ in 0..100 {
        broker.scribble(POOL).await;
    }
    client.publish(&published[1..]).await.unwrap();

    assert_eq!(runs(&said(&receive(&client, 2).await)), runs(&published));
}

/// Both ways, without anybody's help.
pub async fn connections_come_back_by_themselves(broker: &impl Broker) {
    let client = broker.client().await;
    let (before, published) = (hint(), hint());
    client.publish(std::slice::from_ref(&before)).await.unwrap();
    client.settle(receive(&client, 1).await).await.unwrap();

    broker.cut().await;

    again_until_done(|| client.publish(std::slice::from_ref(&published))).await;
    let pools = pools(&[POOL]);
    let mut received = Vec::new();
    while !received.contains(&published) {
        received.extend(said(&again_until_done(|| client.receive(&pools, 1)).await));
    }
    // What was settled just before the cut may come again: nobody confirms that the broker has heard of it.
    assert!(received.iter().all(|hint| *hint == before || *hint == published), "{received:?}");
}

/// What the broker confirmed it keeps.
pub async fn what_was_published_outlives_the_connections(broker: &impl Broker) {
    let client = broker.client().await;
    let published = hint();
    client.publish(std::slice::from_ref(&published)).await.unwrap();

    broker.cut().await;

    let pools = pools(&[POOL]);
    let received = again_until_done(|| client.receive(&pools, 1)).await;
    assert_eq!(said(&received), [published]);
}

/// After a fault a hint may come again; settling what came before it fails at most for a while.
pub async fn what_was_received_before_a_cut_can_be_settled(broker: &impl Broker) {
    let client = broker.client().await;
    client.publish(&[hint()]).await.unwrap();
    let before = receive(&client, 1).await;

    broker.cut().await;
    again_until_done(|| client.settle(before.clone())).await;

    // It may have come to another hand by the cut; that one settles it for good.
    let (next, pools) = (hint(), pools(&[POOL]));
    again_until_done(|| client.publish(std::slice::from_ref(&next))).await;
    let mut received = Vec::new();
    while !said(&received).contains(&next) {
        received.extend(again_until_done(|| client.receive(&pools, 10)).await);
    }
    again_until_done(|| client.settle(received.clone())).await;
    assert_silence(&client).await;
}
