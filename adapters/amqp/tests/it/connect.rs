//! How it begins: with the right settings, and with wrong ones.

use std::{
    error::Error,
    io,
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use lapin::uri::AMQPUri;
use stagemark::ports::Dispatch;
use stagemark_amqp::{AmqpDispatch, AmqpError};
use stagemark_conformance::dispatch::Broker;
use tokio::time::timeout;
use tracing_subscriber::fmt::MakeWriter;

use crate::fixture::{Rabbit, hint, pools};

fn chain(error: &dyn Error) -> String {
    let chain = std::iter::successors(Some(error), |error| (*error).source());
    chain.map(|error| format!("{error:?} {error}")).collect::<Vec<_>>().join(" ")
}

/// The URL of the shared broker, changed.
fn other(change: impl FnOnce(&mut AMQPUri)) -> String {
    let mut uri: AMQPUri = stagemark_services::amqp_url().unwrap().parse().unwrap();
    change(&mut uri);
    uri.to_string()
}

#[tokio::test]
async fn a_wrong_password_is_said_at_once_and_not_repeated() {
    let url = other(|uri| uri.authority.userinfo.password = "hunter2".to_owned());

    let error = AmqpDispatch::connect(url).await.unwrap_err();

    assert!(matches!(error, AmqpError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("check the name and the password"));
    assert!(!chain(&error).contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_wrong_virtual_host_is_said_at_once() {
    let url = other(|uri| uri.vhost = "nowhere".to_owned());

    let error = AmqpDispatch::connect(url).await.unwrap_err();

    assert!(matches!(&error, AmqpError::VirtualHost { vhost, .. } if vhost == "nowhere"), "{error:?}");
}

#[tokio::test]
async fn a_broker_that_is_not_there_yet_is_waited_for() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let url = other(|uri| (uri.authority.host, uri.authority.port) = ("127.0.0.1".to_owned(), port));

    let client = AmqpDispatch::connect(url).await.unwrap();

    let refused = client.publish(&[hint()]).await.unwrap_err();
    assert!(chain(&refused).contains("cannot be reached"), "{refused:?}");
    let pools = pools();
    client.receive(&pools, 1).await.unwrap_err();
    let again = timeout(Duration::from_millis(500), client.receive(&pools, 1)).await;
    assert!(again.is_err(), "an outage is said once: {again:?}");
}

#[tokio::test]
async fn a_broker_that_says_nothing_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = other(|uri| (uri.authority.host, uri.authority.port) = ("127.0.0.1".to_owned(), port));
    let limit = Duration::from_millis(200);

    let client = AmqpDispatch::builder(url).timeout(limit).connect().await.unwrap();

    let error = timeout(Duration::from_secs(5), client.publish(&[hint()])).await.unwrap().unwrap_err();
    assert!(chain(&error).contains("did not answer"), "{error:?}");
}

#[tokio::test]
async fn a_queue_with_other_properties_is_named() {
    let rabbit = Rabbit::shared().await;
    rabbit.console().await.make_classic(&rabbit.dead("default")).await;
    let client = rabbit.client().await;

    let error = client.publish(&[hint()]).await.unwrap_err();

    assert!(chain(&error).contains(&rabbit.dead("default")), "{error:?}");
    rabbit.console().await.delete(&rabbit.dead("default")).await;
    client.publish(&[hint()]).await.expect("it is made anew once it is deleted");
}

/// Looks for the password in all that is logged in this process.
#[derive(Clone)]
struct Search {
    secret: String,
    found: Arc<Mutex<Vec<String>>>,
    lines: Arc<AtomicU64>,
}

impl io::Write for Search {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        if text.contains(&self.secret) {
            self.found.lock().unwrap().push(text.into_owned());
        }
        self.lines.fetch_add(1, Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Search {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_logs_the_password() {
    let rabbit = Rabbit::shared().await;
    let secret = rabbit.url.parse::<AMQPUri>().unwrap().authority.userinfo.password;
    let search = Search { secret, found: Arc::default(), lines: Arc::default() };
    // Of the whole process: connections are driven by threads of their own.
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(search.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();

    let client = rabbit.client().await;
    client.publish(&[hint()]).await.unwrap();
    let pools = pools();
    client.settle(client.receive(&pools, 1).await.unwrap()).await.unwrap();
    rabbit.cut().await;
    while client.publish(&[hint()]).await.is_err() {}
    while client.receive(&pools, 1).await.is_err() {}

    assert!(!format!("{client:?}").contains(&search.secret));
    assert!(search.lines.load(Relaxed) > 100, "it is logged at all");
    assert_eq!(*search.found.lock().unwrap(), Vec::<String>::new());
}
