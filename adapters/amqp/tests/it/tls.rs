//! Encrypted connections.

use std::{fs, net::TcpListener};

use lapin::uri::{AMQPScheme, AMQPUri};
use rcgen::CertifiedKey;
use stagemark::ports::Dispatch;
use stagemark_amqp::{AmqpDispatch, AmqpError};
use stagemark_services::RabbitMq;
use tokio::{sync::OnceCell, task::spawn_blocking};
use uuid::Uuid;

use crate::fixture::{hint, pools};

/// Where the shared broker listens for TLS, and the authority to trust for it.
#[derive(Clone, Debug)]
struct Secure {
    url: String,
    authority: String,
}

impl Secure {
    async fn listener() -> Self {
        static LISTENER: OnceCell<Secure> = OnceCell::const_new();
        LISTENER.get_or_init(async || spawn_blocking(Self::listen).await.unwrap()).await.clone()
    }

    fn listen() -> Self {
        let server = RabbitMq::shared().unwrap();
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let [certificate, key] = ["tls-cert.pem", "tls-key.pem"].map(|name| server.place().folder().join(name));
        fs::write(&certificate, cert.pem()).unwrap();
        fs::write(&key, signing_key.serialize_pem()).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let start = format!(
            "application:ensure_all_started(ssl), rabbit_networking:start_ssl_listener({{\"127.0.0.1\", {port}}}, \
             [{{certfile, \"{}\"}}, {{keyfile, \"{}\"}}], 2).",
            certificate.display(),
            key.display(),
        );
        server.ctl(&["eval", &start]).unwrap();
        let mut uri: AMQPUri = server.url().parse().unwrap();
        uri.scheme = AMQPScheme::AMQPS;
        (uri.authority.host, uri.authority.port) = ("localhost".to_owned(), port);
        Self { url: uri.to_string(), authority: cert.pem() }
    }
}

#[tokio::test]
async fn hints_come_through_an_encrypted_connection() {
    let secure = Secure::listener().await;
    let prefix = format!("test-{}", Uuid::now_v7().simple());
    let client = AmqpDispatch::builder(secure.url).authorities(secure.authority).prefix(prefix);
    let client = client.connect().await.unwrap();
    let published = hint();

    client.publish(std::slice::from_ref(&published)).await.unwrap();

    let received = client.receive(&pools(), 1).await.unwrap();
    assert_eq!(received[0].hint.as_ref(), Some(&published));
}

#[tokio::test]
async fn a_broker_that_nobody_vouches_for_is_refused_at_once() {
    let secure = Secure::listener().await;

    let error = AmqpDispatch::connect(secure.url).await.unwrap_err();

    assert!(matches!(error, AmqpError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let secure = Secure::listener().await;
    let url = secure.url.replace("@localhost:", "@127.0.0.1:");

    let error = AmqpDispatch::builder(url).authorities(secure.authority).connect().await.unwrap_err();

    assert!(matches!(error, AmqpError::Tls { .. }), "{error:?}");
}
