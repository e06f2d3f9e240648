//! What is true of the store on `SQLite` alone; and that it keeps the contract of its port.

mod as_memory;
mod batches;
mod conformance;
mod counts;
mod fixture;
mod full;
#[path = "../common/histories.rs"]
mod histories;
mod locked;
mod mount;
mod odd;
mod read_only;
mod shared;
#[path = "../common/transactions.rs"]
mod transactions;
mod upgraded;
#[path = "../common/writes.rs"]
mod writes;
