//! It keeps the contract of its port.

use crate::fixture::Rabbit;

stagemark_conformance::dispatch_suite!(Rabbit::shared().await);
