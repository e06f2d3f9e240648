//! A certificate that a server shows, and its key.

use std::path::{Path, PathBuf};

/// A certificate that a server shows, and its key: two files in PEM.
///
/// ```
/// # #[cfg(feature = "certificate")] fn main() -> Result<(), stagemark_services::ServiceError> {
/// use stagemark_services::Pair;
///
/// let folder = tempfile::tempdir().expect("a folder");
/// let pair = Pair::self_signed(folder.path(), &["localhost", "127.0.0.1"])?;
/// assert_eq!(pair, Pair::self_signed(folder.path(), &["localhost", "127.0.0.1"])?);
/// # Ok(()) }
/// # #[cfg(not(feature = "certificate"))] fn main() {}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The certificate, with all between it and the authority.
    pub certificate: PathBuf,
    /// Its key, which only its owner may read.
    pub key: PathBuf,
}

impl Pair {
    /// The one in this folder, whether or not it is there.
    pub fn within(folder: &Path) -> Self {
        Self { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
    }
}

#[cfg(feature = "certificate")]
mod made {
    use std::{fs, path::Path, time::Duration};

    use rcgen::{CertificateParams, DnType, KeyPair};
    use time::OffsetDateTime;

    use super::Pair;
    use crate::{
        error::{At, ServiceError},
        place::write_private,
    };

    /// Browsers take no certificate that holds for longer than 398 days.
    const HOLDS: Duration = Duration::from_hours(397 * 24);
    /// From then on another is made.
    const KEPT: Duration = Duration::from_hours(300 * 24);

    impl Pair {
        /// The pair of this folder, for these names and addresses: made where there is none, or an old one.
        ///
        /// Nobody vouches for it; a client is told to trust it, or asks its user.
        pub fn self_signed(folder: &Path, names: &[&str]) -> Result<Self, ServiceError> {
            let (pair, told) = (Self::within(folder), folder.join("names"));
            let wanted = names.join("\n");
            if fs::read_to_string(&told).is_ok_and(|names| names == wanted) && pair.is_fresh() {
                return Ok(pair);
            }
            fs::create_dir_all(folder).at("making the folder", folder)?;
            let (certificate, key) =
                make(names).map_err(|error| ServiceError::command("making a certificate", &error))?;
            write_private(&pair.key, &key)?;
            fs::write(&pair.certificate, certificate).at("writing", &pair.certificate)?;
            // The names come last: without them it is half made.
            fs::write(&told, wanted).at("writing", &told)?;
            Ok(pair)
        }

        fn is_fresh(&self) -> bool {
            let made = fs::metadata(&self.certificate).and_then(|certificate| certificate.modified());
            let age = made.ok().and_then(|made| made.elapsed().ok());
            self.key.exists() && age.is_some_and(|age| age < KEPT)
        }
    }

    fn make(names: &[&str]) -> Result<(String, String), rcgen::Error> {
        let mut parameters = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        parameters.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or("localhost"));
        let now = OffsetDateTime::now_utc();
        // Not all clocks agree.
        (parameters.not_before, parameters.not_after) = (now - Duration::from_hours(1), now + HOLDS);
        let key = KeyPair::generate()?;
        Ok((parameters.self_signed(&key)?.pem(), key.serialize_pem()))
    }
}
