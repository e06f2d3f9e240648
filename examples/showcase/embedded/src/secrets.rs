//! Secrets that are made at the first start, and kept in files that only their owner reads.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rand::{Rng, distr::Alphanumeric};
use secrecy::SecretString;

/// The file with the admin's password.
pub const ADMIN: &str = "admin-password";
/// The file with what access tokens are signed with.
pub const TOKEN: &str = "token-secret";

/// What access tokens are signed with.
///
/// # Errors
/// A sentence, if the file cannot be read or made.
pub fn token(dir: &Path) -> Result<SecretString, String> {
    kept(&dir.join(TOKEN), 64)
}

/// The admin's password.
///
/// # Errors
/// A sentence, if the file cannot be read or made.
pub fn admin(dir: &Path) -> Result<SecretString, String> {
    kept(&dir.join(ADMIN), 20)
}

/// What the file holds; letters and digits by chance where there is none.
fn kept(file: &Path, letters: usize) -> Result<SecretString, String> {
    let failed = |error: io::Error| format!("the secret in {}: {error}", file.display());
    match fs::read_to_string(file) {
        Ok(secret) => return Ok(secret.trim().into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let secret: String = rand::rng().sample_iter(Alphanumeric).take(letters).map(char::from).collect();
    let half = file.with_extension("half");
    let mut written =
        fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&half).map_err(failed)?;
    written.write_all(secret.as_bytes()).and_then(|()| written.sync_all()).map_err(failed)?;
    fs::rename(&half, file).map_err(failed)?;
    Ok(secret.into())
}
