//! TLS: one provider, named, so that it does not matter which others the program has.

use std::sync::Arc;

use fred::types::config::TlsConnector;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::RedisError;

/// What is trusted beside what the system trusts.
#[derive(Clone, Default)]
pub(crate) struct Trust {
    certificates: Vec<CertificateDer<'static>>,
}

impl Trust {
    pub(crate) fn add(&mut self, pem: &[u8]) -> Result<(), RedisError> {
        let before = self.certificates.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let unreadable = |error| RedisError::Trust { reason: format!("they cannot be read: {error}") };
            self.certificates.push(certificate.map_err(unreadable)?);
        }
        if self.certificates.len() == before {
            return Err(RedisError::Trust { reason: "there are none".to_owned() });
        }
        Ok(())
    }

    pub(crate) fn connector(&self) -> Result<TlsConnector, RedisError> {
        let mut roots = RootCertStore::empty();
        // What the system has and cannot be read is not trusted; others may be enough.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for certificate in &self.certificates {
            let odd = |error| RedisError::Trust { reason: format!("one cannot be used: {error}") };
            roots.add(certificate.clone()).map_err(odd)?;
        }
        if roots.is_empty() {
            return Err(RedisError::Trust { reason: "there are none, of the system neither".to_owned() });
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| RedisError::Trust { reason: format!("TLS cannot be used: {error}") })?;
        Ok(config.with_root_certificates(roots).with_no_client_auth().into())
    }
}
