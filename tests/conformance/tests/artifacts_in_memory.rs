//! The artifacts in memory keep the contract of their port.

stagemark_conformance::artifacts_suite!((stagemark::MemoryArtifacts::new(), ()));
