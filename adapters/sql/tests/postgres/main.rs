//! The store on a real `PostgreSQL`: what is true of it alone, and that it keeps the contract of its port.

mod as_memory;
mod conformance;
mod cut;
mod doorbell;
mod faults;
mod fixture;
#[path = "../common/histories.rs"]
mod histories;
mod plans;
mod role;
mod schedules;
#[cfg(feature = "tls")]
mod tls;
#[path = "../common/transactions.rs"]
mod transactions;
#[path = "../common/writes.rs"]
mod writes;
