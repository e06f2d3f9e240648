//! A broker for one test, whose queues no other test has.

use std::{sync::Arc, thread};

use lapin::BasicProperties;
use stagemark::{Priority, RunId, ports::Hint};
use stagemark_amqp::{AmqpBuilder, AmqpDispatch};
use stagemark_conformance::dispatch::Broker;
use tokio::{runtime, sync::OnceCell};
use uuid::Uuid;

use crate::{console::Console, proxy::Proxy};

/// The pools of all tests.
const POOLS: [&str; 2] = ["default", "gpu"];

/// A `RabbitMQ`, as clients reach it through a proxy and operators directly.
#[derive(Debug)]
pub(crate) struct Rabbit {
    pub(crate) url: String,
    pub(crate) proxy: Proxy,
    prefix: String,
    console: OnceCell<Console>,
}

impl Rabbit {
    /// The broker that tests share who do it no harm.
    pub(crate) async fn shared() -> Self {
        Self::at(&stagemark_services::amqp_url().expect("there is a RabbitMQ")).await
    }

    pub(crate) async fn at(url: &str) -> Self {
        let prefix = format!("test-{}", Uuid::now_v7().simple());
        Self { url: url.to_owned(), proxy: Proxy::to(url).await, prefix, console: OnceCell::new() }
    }

    /// A client in the making, with queues of this test's own.
    pub(crate) fn builder(&self) -> AmqpBuilder {
        AmqpDispatch::builder(self.proxy.url()).prefix(&self.prefix)
    }

    pub(crate) async fn console(&self) -> &Console {
        self.console.get_or_init(|| Console::open(&self.url)).await
    }

    /// The name of a pool's queue.
    pub(crate) fn queue(&self, pool: &str) -> String {
        format!("{}.{pool}", self.prefix)
    }

    /// The name of the queue of a pool's dead letters.
    pub(crate) fn dead(&self, pool: &str) -> String {
        format!("{}.{pool}.dead", self.prefix)
    }
}

impl Broker for Rabbit {
    type Client = AmqpDispatch;

    async fn client(&self) -> AmqpDispatch {
        self.builder().connect().await.unwrap()
    }

    async fn scribble(&self, pool: &str) {
        self.console().await.put(&self.queue(pool), b"\xff\0", BasicProperties::default()).await;
    }

    async fn cut(&self) {
        self.proxy.cut();
    }
}

/// The broker may be one that stays.
impl Drop for Rabbit {
    fn drop(&mut self) {
        let queues: Vec<_> = POOLS.iter().flat_map(|pool| [self.queue(pool), self.dead(pool)]).collect();
        let delete = async {
            let console = Console::open(&self.url).await;
            for queue in &queues {
                console.delete(queue).await;
            }
        };
        // A runtime of its own: that of the test must not be blocked by itself.
        thread::scope(|scope| {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            scope.spawn(move || runtime.block_on(delete));
        });
    }
}

pub(crate) fn hint() -> Hint {
    Hint {
        run: RunId::new(),
        node: 0,
        workflow: "publish-video".into(),
        version: 1,
        pool: "default".into(),
        priority: Priority::Normal,
        trace: None,
    }
}

pub(crate) fn pools() -> Vec<Arc<str>> {
    vec!["default".into()]
}
