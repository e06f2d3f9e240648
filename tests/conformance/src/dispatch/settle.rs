//! What was settled is done with; what was not comes to another.

use stagemark::ports::Dispatch;

use super::{
    Broker,
    fixture::{assert_silence, hint, hints, receive, runs, said},
};

/// Not to the same receiver, and not to the next one.
pub async fn what_was_settled_does_not_come_again(broker: &impl Broker) {
    let client = broker.client().await;
    client.publish(&hints(3)).await.unwrap();
    let received = receive(&client, 3).await;

    client.settle(received).await.unwrap();

    assert_silence(&client).await;
    drop(client);
    assert_silence(&broker.client().await).await;
}

/// A worker that dies takes no hint along.
pub async fn what_a_dead_receiver_did_not_settle_comes_to_another(broker: &impl Broker) {
    let (one, two) = (broker.client().await, broker.client().await);
    let published = hints(4);
    one.publish(&published).await.unwrap();
    let mut received = receive(&one, 4).await;
    let settled = received.split_off(3);
    one.settle(settled).await.unwrap();

    drop(one);

    assert_eq!(runs(&said(&receive(&two, 3).await)), runs(&said(&received)));
    assert_silence(&two).await;
}

/// Each delivery is settled by itself.
pub async fn deliveries_settle_in_any_order(broker: &impl Broker) {
    let (one, two) = (broker.client().await, broker.client().await);
    one.publish(&hints(3)).await.unwrap();
    let mut received = receive(&one, 3).await;

    let (last, first) = (received.remove(2), received.remove(0));
    one.settle(vec![last]).await.unwrap();
    one.settle(vec![first]).await.unwrap();
    drop(one);

    assert_eq!(said(&receive(&two, 1).await), said(&received));
    assert_silence(&two).await;
}

/// A second time changes nothing.
pub async fn settling_twice_is_no_error(broker: &impl Broker) {
    let client = broker.client().await;
    client.publish(&[hint()]).await.unwrap();
    let received = receive(&client, 1).await;
    client.settle(received.clone()).await.unwrap();

    client.settle(received).await.unwrap();

    let next = hint();
    client.publish(std::slice::from_ref(&next)).await.unwrap();
    assert_eq!(said(&receive(&client, 1).await), [next]);
}

/// There may be nothing to settle.
pub async fn settling_nothing_is_no_error(broker: &impl Broker) {
    broker.client().await.settle(Vec::new()).await.unwrap();
}
