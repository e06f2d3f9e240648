//! What is true of the store on `SQLite` alone; that it keeps the contract is the business of the conformance suite.

mod as_memory;
mod batches;
mod counts;
mod fixture;
mod full;
mod locked;
mod mount;
mod odd;
mod read_only;
mod shared;
