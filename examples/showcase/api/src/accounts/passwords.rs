//! Passwords: argon2id, on few threads at a time.
//!
//! A hash costs 19 MiB and tens of milliseconds: without a bound, those who guess would take the host from the others.

use std::{sync::Arc, time::Duration};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Semaphore, time::timeout};

use crate::{Kind, Problem};

/// How long somebody waits for a thread.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes and checks the hashes of passwords.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    threads: Arc<Semaphore>,
    /// What is checked where there is no such player, so that it takes as long.
    nobody: Arc<str>,
}

impl Passwords {
    /// On half of the processors.
    pub(crate) fn new() -> Result<Self, argon2::password_hash::Error> {
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get().div_ceil(2));
        let nobody = hash(&SecretString::from("a password that nobody has"))?.into();
        Ok(Self { threads: Arc::new(Semaphore::new(threads)), nobody })
    }

    /// The hash of a password, as PHC writes it, with a salt of its own.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, Problem> {
        let hashed = self.run(move || hash(&password)).await?;
        hashed.map_err(|error| Problem::internal("hashing a password", &error))
    }

    /// Whether the password belongs to the hash; without one it does not, after as long a time.
    pub(crate) async fn are_one(&self, password: SecretString, hash: Option<&str>) -> Result<bool, Problem> {
        let (is_somebody, hash) = (hash.is_some(), hash.unwrap_or(&self.nobody).to_owned());
        let fits = self.run(move || {
            let hash = PasswordHash::new(&hash)?;
            Ok(Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok())
        });
        let unreadable =
            |error: argon2::password_hash::phc::Error| Problem::internal("reading the hash of a password", &error);
        fits.await?.map(|fits| fits && is_somebody).map_err(unreadable)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let busy = || Problem::new(Kind::Unavailable, "Too many sign in at the moment. Try again soon.");
        let permit = timeout(PATIENCE, Arc::clone(&self.threads).acquire_owned()).await;
        let permit = permit.map_err(|_| busy())?.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            // Not before the work is done, even where nobody waits for it any more.
            drop(permit);
            done
        });
        done.await.map_err(|error| Problem::internal("hashing a password", &error))
    }
}

fn hash(password: &SecretString) -> Result<String, argon2::password_hash::Error> {
    let hash = Argon2::default().hash_password(password.expose_secret().as_bytes())?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("correct horse".into()).await.unwrap();

        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.are_one("correct horse".into(), Some(&hash)).await.unwrap());
        assert!(!passwords.are_one("correct house".into(), Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_is_refused_after_as_long_as_somebody() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        let mut times = [Vec::new(), Vec::new()];

        for _ in 0..9 {
            for (times, hash) in times.iter_mut().zip([Some(&*hash), None]) {
                let begun = Instant::now();
                assert!(!passwords.are_one("battery staple".into(), hash).await.unwrap());
                times.push(begun.elapsed());
            }
        }

        let [somebody, nobody] = times.map(|mut times| {
            times.sort();
            times[4]
        });
        // A lookup without a check would be a thousand times as quick.
        assert!(nobody * 4 > somebody && somebody * 4 > nobody, "{somebody:?} and {nobody:?}");
    }
}
