//! What is `RabbitMQ`'s own.

use stagemark_services::RabbitMq;

use crate::comes_to_be;

#[test]
fn it_can_be_told_to_run_out_of_memory_and_to_forget_all() {
    let rabbitmq = RabbitMq::temporary().unwrap();
    let alarms = || rabbitmq.ctl(&["eval", "rabbit_alarm:get_alarms()."]).unwrap();

    rabbitmq.ctl(&["set_vm_memory_high_watermark", "0.00001"]).unwrap();
    assert!(comes_to_be(|| alarms().contains("memory")), "{}", alarms());
    rabbitmq.ctl(&["set_vm_memory_high_watermark", "0.4"]).unwrap();
    assert!(comes_to_be(|| !alarms().contains("memory")), "{}", alarms());

    rabbitmq.ctl(&["add_vhost", "kept"]).unwrap();
    rabbitmq.restart().unwrap();
    assert!(rabbitmq.ctl(&["list_vhosts"]).unwrap().contains("kept"));
    rabbitmq.wipe().unwrap();
    assert!(!rabbitmq.ctl(&["list_vhosts"]).unwrap().contains("kept"));
}
