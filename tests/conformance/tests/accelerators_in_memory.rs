//! The accelerators in memory keep the contracts of their ports.

use stagemark::{MemoryDedup, MemoryLimits, MemoryLive, MemoryLocks};

mod locks {
    stagemark_conformance::locks_suite!((super::MemoryLocks::new(), ()));
}

mod dedup {
    stagemark_conformance::dedup_suite!((super::MemoryDedup::new(), ()));
}

mod live {
    stagemark_conformance::live_suite!((super::MemoryLive::new(), ()));
}

mod limits {
    stagemark_conformance::limits_suite!((super::MemoryLimits::new(), ()));
}
