//! Hints through a real `RabbitMQ`, in good times and in bad ones.

mod conformance;
mod console;
mod fixture;
mod proxy;
