//! Hints through a real `RabbitMQ`, in good times and in bad ones.

mod conformance;
mod connect;
mod console;
mod faults;
mod fixture;
mod messages;
mod proxy;
#[cfg(feature = "tls")]
mod tls;
mod traffic;
mod work;
