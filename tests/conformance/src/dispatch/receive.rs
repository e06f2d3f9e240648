//! Who waits is handed what is there, and no more than asked for.

use std::collections::BTreeSet;

use futures::{FutureExt, future::join};
use stagemark::{
    Priority, RunId,
    ports::{Dispatch, Hint},
};

use super::{
    Broker,
    fixture::{assert_silence, hint, hint_to, hints, pools, receive, receive_from, runs, said, soon},
};

/// How often it is tried to have several at hand at a time.
const ROUNDS: usize = 100;

/// A wait ends when something comes.
pub async fn who_waits_is_woken(broker: &impl Broker) {
    let (host, worker) = (broker.client().await, broker.client().await);
    let published = hint();

    let waiting = receive(&worker, 1);
    let publishing = async { host.publish(std::slice::from_ref(&published)).await.unwrap() };
    let (received, ()) = join(waiting, publishing).await;

    assert_eq!(said(&received), [published]);
}

/// No delivery is empty, or made up.
pub async fn nothing_comes_before_it_is_published(broker: &impl Broker) {
    assert_silence(&broker.client().await).await;
}

/// The limit holds, and what is over it comes next.
pub async fn no_more_come_than_asked_for(broker: &impl Broker) {
    let client = broker.client().await;
    let published = hints(5);
    client.publish(&published).await.unwrap();

    let pools = pools(&["default"]);
    let first = soon(client.receive(&pools, 2)).await.unwrap();

    assert!((1..=2).contains(&first.len()), "{} came", first.len());
    let rest = receive(&client, published.len() - first.len()).await;
    let all: BTreeSet<_> = said(&first).iter().chain(&said(&rest)).map(|hint| hint.run).collect();
    assert_eq!(all, runs(&published));
}

/// Pools do not hear of each other.
pub async fn a_hint_comes_to_its_pool_alone(broker: &impl Broker) {
    let (gpu, other) = (broker.client().await, broker.client().await);
    let published = hint_to("gpu");

    other.publish(std::slice::from_ref(&published)).await.unwrap();

    assert_eq!(said(&receive_from(&gpu, &pools(&["gpu"]), 1).await), [published]);
    assert_silence(&other).await;
}

/// A worker may belong to several pools.
pub async fn one_receiver_serves_several_pools(broker: &impl Broker) {
    let client = broker.client().await;
    let published = [hint_to("default"), hint_to("gpu"), hint_to("default")];

    client.publish(&published).await.unwrap();

    let received = said(&receive_from(&client, &pools(&["default", "gpu"]), 3).await);
    assert_eq!(runs(&received), runs(&published));
    assert_eq!(received.iter().filter(|hint| *hint.pool == *"gpu").count(), 1);
}

/// Among those that a client has at hand, priorities decide.
pub async fn of_those_that_are_there_the_highest_priority_comes_first(broker: &impl Broker) {
    let client = broker.client().await;
    let of = |priority| Hint { priority, ..hint() };
    let pools = pools(&["default"]);
    // When they come to where they are handed out is up to the broker: it goes on until several were there at a time.
    let mut most = 0;
    for _ in 0..ROUNDS {
        client.publish(&[of(Priority::Low), of(Priority::Normal), of(Priority::High)]).await.unwrap();
        let mut received = 0;
        while received < 3 {
            let deliveries = soon(client.receive(&pools, 3 - received)).await.unwrap();
            let order: Vec<_> = said(&deliveries).iter().map(|hint| hint.priority).collect();
            assert!(order.is_sorted_by(|one, next| one >= next), "at a time came {order:?}");
            received += order.len();
            most = most.max(order.len());
            client.settle(deliveries).await.unwrap();
        }
        if most > 1 {
            return;
        }
    }
    panic!("in {ROUNDS} rounds of three no two of them were there at a time");
}

/// Two who receive share the work.
pub async fn each_hint_comes_to_one_receiver(broker: &impl Broker) {
    let (one, two) = (broker.client().await, broker.client().await);
    let published = hints(200);

    let listen = |client| async move {
        let (mut heard, pools) = (Vec::<RunId>::new(), pools(&["default"]));
        // Neither may hold back so many that nothing is left for the other.
        while heard.len() < 50 {
            let received = soon(Dispatch::receive(client, &pools, 10)).await.unwrap();
            heard.extend(said(&received).iter().map(|hint| hint.run));
            Dispatch::settle(client, received).await.unwrap();
        }
        heard
    };
    let publishing = async { one.publish(&published).await.unwrap() };
    let ((first, second), ()) = join(join(listen(&one), listen(&two)), publishing).await;

    let both: BTreeSet<_> = first.iter().chain(&second).copied().collect();
    assert_eq!(both.len(), first.len() + second.len(), "a hint came to both");
    assert!(both.is_subset(&runs(&published)));
}

/// A wait that is given up takes nothing along.
pub async fn dropping_the_wait_loses_nothing(broker: &impl Broker) {
    let (host, worker) = (broker.client().await, broker.client().await);
    let (published, pools) = (hints(60), pools(&["default"]));

    let mut received = Vec::new();
    for some in published.chunks(3) {
        host.publish(some).await.unwrap();
        // Polled once, and dropped at whatever point it has come to.
        received.extend(worker.receive(&pools, 1).now_or_never().map(Result::unwrap).unwrap_or_default());
        tokio::task::yield_now().await;
    }

    received.extend(receive(&worker, published.len() - received.len()).await);
    assert_eq!(runs(&said(&received)), runs(&published));
}
