//! The store on `PostgreSQL` keeps the contract of its port.

use stagemark_sql::SqlStore;

use crate::fixture;

async fn in_a_schema() -> (SqlStore, ()) {
    (fixture::open().await, ())
}

stagemark_conformance::store_suite!(in_a_schema().await);
