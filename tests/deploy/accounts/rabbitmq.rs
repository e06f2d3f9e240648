//! The users of `RabbitMQ`.

use lapin::{
    Connection, ConnectionProperties, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};

use super::deployment;

#[tokio::test(flavor = "multi_thread")]
async fn queues_of_hints_are_all_that_hosts_can_make() {
    let deployment = deployment().await;

    for component in ["api", "worker"] {
        let url = deployment.secret(&format!("{component}-amqp-url"));
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        for queue in ["other", "stagemark", "stagemark.a.b", "amq.gen"] {
            let channel = connection.create_channel().await.unwrap();
            let (options, table) = (QueueDeclareOptions::default(), FieldTable::default());
            let refused = channel.queue_declare(queue.into(), options, table).await.unwrap_err();
            assert!(refused.to_string().contains("ACCESS"), "{component}: {queue}: {refused}");
        }
        let channel = connection.create_channel().await.unwrap();
        let (options, table) = (ExchangeDeclareOptions::default(), FieldTable::default());
        let exchange = channel.exchange_declare("mine".into(), ExchangeKind::Fanout, options, table).await;
        assert!(exchange.unwrap_err().to_string().contains("ACCESS"), "{component}");
        let channel = connection.create_channel().await.unwrap();
        assert!(channel.queue_delete("other".into(), QueueDeleteOptions::default()).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_see_no_other_virtual_host() {
    let deployment = deployment().await;

    for component in ["api", "worker"] {
        let url = deployment.secret(&format!("{component}-amqp-url")).replace("/contest", "/%2f");
        let refused = Connection::connect(&url, ConnectionProperties::default()).await.unwrap_err();
        assert!(refused.to_string().contains("NOT-ALLOWED") || refused.to_string().contains("refused"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_host_may_administer_the_broker() {
    let deployment = deployment().await;

    let users = deployment.rabbitmq.ctl(&["list_users"]).unwrap();

    for component in ["api", "worker"] {
        let line = users.lines().find(|line| line.starts_with(&format!("contest_{component}"))).unwrap();
        assert!(line.trim_end().ends_with("[]"), "{line}");
    }
}
