//! The contract of the port to what wakes workers, clause by clause; see [`dispatch_suite!`](crate::dispatch_suite).

use std::future::{Future, ready};

use stagemark::{MemoryDispatch, ports::Dispatch};

mod fixture;
pub mod publish;
pub mod receive;
pub mod settle;
pub mod trouble;

/// A broker that a case is about, without hints.
///
/// ```
/// use stagemark::MemoryDispatch;
/// use stagemark_conformance::dispatch::Broker;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let broker = MemoryDispatch::new();
/// let (api_host, worker) = (broker.client().await, broker.client().await);
/// # drop((api_host, worker)); }
/// ```
pub trait Broker {
    /// What speaks to it.
    type Client: Dispatch;

    /// A client of its own, as another process would have one; dropping it is that process's death.
    fn client(&self) -> impl Future<Output = Self::Client>;

    /// Puts a message that cannot be read into the queue of a pool, where there can be such messages.
    fn scribble(&self, _pool: &str) -> impl Future<Output = ()> {
        ready(())
    }

    /// Cuts the connections of all clients, where there are connections.
    fn cut(&self) -> impl Future<Output = ()> {
        ready(())
    }
}

impl Broker for MemoryDispatch {
    type Client = Self;

    async fn client(&self) -> Self {
        self.clone()
    }
}

/// Makes one test of each clause of the contract of [`Dispatch`].
///
/// The expression gives a [`Broker`]; it may `.await`, and is evaluated once a test. The crate that uses it depends on
/// `tokio`, with `macros` and `rt-multi-thread`.
///
/// ```
/// use stagemark::MemoryDispatch;
///
/// stagemark_conformance::dispatch_suite!(MemoryDispatch::new());
/// ```
#[macro_export]
macro_rules! dispatch_suite {
    ($make:expr) => {
        $crate::dispatch_suite! { @each $make;
            publish:
                a_hint_comes_as_it_was_published,
                an_empty_publication_is_no_error,
                all_hints_of_a_publication_come,
                a_hint_waits_for_those_who_come_later,
                a_hint_outlives_its_publisher,
                a_hint_that_is_published_again_comes_again,
                publications_at_once_all_come;
            receive:
                who_waits_is_woken,
                nothing_comes_before_it_is_published,
                no_more_come_than_asked_for,
                a_hint_comes_to_its_pool_alone,
                one_receiver_serves_several_pools,
                of_those_that_are_there_the_highest_priority_comes_first,
                each_hint_comes_to_one_receiver,
                dropping_the_wait_loses_nothing;
            settle:
                what_was_settled_does_not_come_again,
                what_a_dead_receiver_did_not_settle_comes_to_another,
                deliveries_settle_in_any_order,
                settling_twice_is_no_error,
                settling_nothing_is_no_error;
            trouble:
                what_cannot_be_read_stops_nothing,
                connections_come_back_by_themselves,
                what_was_published_outlives_the_connections,
                what_was_received_before_a_cut_can_be_settled;
        }
    };
    (@each $make:expr; $($group:ident: $($clause:ident),*;)*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $clause() {
                let broker = $make;
                $crate::dispatch::$group::$clause(&broker).await;
            }
        )*)*
    };
}
