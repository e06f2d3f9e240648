//! The store on `PostgreSQL` keeps the contract of its port.

#[path = "postgres/fixture.rs"]
mod fixture;

use stagemark_sql::SqlStore;

async fn in_a_schema() -> (SqlStore, ()) {
    (fixture::open().await, ())
}

stagemark_conformance::store_suite!(in_a_schema().await);
