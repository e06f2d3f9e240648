//! Redis keeps the contracts of its ports.

mod locks {
    stagemark_conformance::locks_suite!((crate::fixture::redis().await, ()));
}

mod dedup {
    stagemark_conformance::dedup_suite!((crate::fixture::redis().await, ()));
}

mod live {
    stagemark_conformance::live_suite!((crate::fixture::redis().await, ()));
}

mod limits {
    stagemark_conformance::limits_suite!((crate::fixture::redis().await, ()));
}
