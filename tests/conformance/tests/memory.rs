//! The suites on what is kept in memory.

mod store {
    use stagemark::MemoryStore;

    stagemark_conformance::store_suite!((MemoryStore::new(), ()));
}
