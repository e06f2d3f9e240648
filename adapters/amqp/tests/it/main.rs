//! Hints through a real `RabbitMQ`, in good times and in bad ones.

mod conformance;
mod connect;
mod console;
mod faults;
mod fixture;
mod messages;
mod proxy;
mod traffic;
mod work;
