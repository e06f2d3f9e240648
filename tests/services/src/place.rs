//! Where one server lives: its folder, its ports and its password.

use std::{
    fmt, fs,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::{
    error::{At, ServiceError},
    ports::{free_ports, is_free, random},
};

/// A password; it shows itself to nobody who does not ask for it.
///
/// ```
/// assert_eq!(format!("{:?}", stagemark_services::Secret::new("hunter2")), "Secret(..)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Where one server lives: a folder that is its own, ports of 127.0.0.1 and a password.
///
/// Ports and password are kept in the folder, so that a server that comes back is found where it was.
///
/// ```no_run
/// # fn main() -> Result<(), stagemark_services::ServiceError> {
/// let redis = stagemark_services::Redis::temporary()?;
/// assert_eq!(redis.place().address().ip(), std::net::Ipv4Addr::LOCALHOST);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    ports: Vec<u16>,
    secret: Secret,
}

impl Place {
    /// The place that this folder holds, with so many ports: those it had, where they are free, else others.
    pub(crate) fn claim(folder: &Path, count: usize) -> Result<Self, ServiceError> {
        fs::create_dir_all(folder).at("making the folder", folder)?;
        let folder = folder.canonicalize().at("finding the folder", folder)?;
        let secret = match Self::kept_secret(&folder) {
            Some(secret) => secret,
            None => Self::new_secret(&folder)?,
        };
        let ports = match Self::kept_ports(&folder, count).filter(|ports| ports.iter().copied().all(is_free)) {
            Some(ports) => ports,
            None => free_ports(count)?,
        };
        Self::keep_ports(&folder, &ports)?;
        Ok(Self { folder, ports, secret })
    }

    /// Has a folder keep this port as its first, for who claims it next, with the others that it has.
    ///
    /// # Errors
    /// A [`ServiceError::Command`] where another listens there.
    pub(crate) fn ask_for(folder: &Path, port: u16, count: usize) -> Result<(), ServiceError> {
        if !is_free(port) {
            let said = format!("another process listens at 127.0.0.1:{port}: end it, or ask for another port");
            return Err(ServiceError::command("taking the port that was asked for", &said));
        }
        let kept = Self::kept_ports(folder, count).filter(|ports| ports[1..].iter().copied().all(is_free));
        let mut ports = kept.map_or_else(|| free_ports(count), Ok)?;
        ports[0] = port;
        Self::keep_ports(folder, &ports)
    }

    fn keep_ports(folder: &Path, ports: &[u16]) -> Result<(), ServiceError> {
        let lines: Vec<String> = ports.iter().map(ToString::to_string).collect();
        write_private(&folder.join("ports"), &lines.join("\n"))
    }

    /// The place that this folder holds, if it is one.
    pub(crate) fn find(folder: &Path, count: usize) -> Option<Self> {
        let folder = folder.canonicalize().ok()?;
        Some(Self { ports: Self::kept_ports(&folder, count)?, secret: Self::kept_secret(&folder)?, folder })
    }

    fn kept_ports(folder: &Path, count: usize) -> Option<Vec<u16>> {
        let text = fs::read_to_string(folder.join("ports")).ok()?;
        let ports: Vec<u16> = text.lines().map(str::parse).collect::<Result<_, _>>().ok()?;
        (ports.len() == count).then_some(ports)
    }

    fn kept_secret(folder: &Path) -> Option<Secret> {
        let text = fs::read_to_string(folder.join("password")).ok()?;
        (!text.is_empty()).then_some(Secret(text))
    }

    fn new_secret(folder: &Path) -> Result<Secret, ServiceError> {
        let text = format!("{:032x}", u128::from_le_bytes(random()?));
        write_private(&folder.join("password"), &text)?;
        Ok(Secret(text))
    }

    /// The folder of the server.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file or folder in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Its ports; clients connect to the first.
    pub(crate) fn port(&self, number: usize) -> u16 {
        self.ports[number]
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports[0]).into()
    }

    /// The password of the server.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Where the server writes what it has to say.
    pub fn log(&self) -> PathBuf {
        self.file("log")
    }

    /// Whether another program listens on one of the ports.
    pub(crate) fn is_taken(&self) -> bool {
        !self.ports.iter().copied().all(is_free)
    }
}

/// Writes a file that only this user can read, whole or not at all.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), ServiceError> {
    let partial = path.with_extension("partial");
    // What is left of an earlier try may have other rights.
    let _none = fs::remove_file(&partial);
    let file = fs::File::options().write(true).create_new(true).mode(0o600).open(&partial);
    file.and_then(|mut file| file.write_all(text.as_bytes())).at("writing", &partial)?;
    fs::rename(&partial, path).at("writing", path)
}
