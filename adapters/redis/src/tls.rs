//! TLS: one provider, named, so that it does not matter which others the program has.

use std::sync::Arc;

use fred::types::config::TlsConnector;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

use crate::RedisError;

/// Trusts what the system trusts.
pub(crate) fn connector() -> Result<TlsConnector, RedisError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    let (trusted, _odd) = roots.add_parsable_certificates(system.certs);
    if trusted == 0 {
        return Err(RedisError::address("it asks for TLS, and the system has no certificates to trust"));
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| RedisError::address(format!("TLS cannot be used: {error}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth().into())
}
