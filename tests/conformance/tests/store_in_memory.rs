//! The store in memory keeps the contract of its port.

stagemark_conformance::store_suite!((stagemark::MemoryStore::new(), ()));
