//! The broker in memory keeps the contract of its port.

stagemark_conformance::dispatch_suite!(stagemark::MemoryDispatch::new());
