//! Ports that nobody listens on.

use std::{fs, net::TcpListener};

use crate::error::ServiceError;

/// Below the ports that the system gives to outgoing connections, which would come and go meanwhile.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;
const TRIES: usize = 400;

/// This many free ports of 127.0.0.1, which the system gives to no outgoing connection meanwhile.
///
/// They are looked for from a random one on, so that processes that look at once seldom meet.
///
/// ```
/// let ports = stagemark_services::free_ports(2)?;
/// assert_ne!(ports[0], ports[1]);
/// # Ok::<(), stagemark_services::ServiceError>(())
/// ```
///
/// # Errors
/// [`ServiceError::NoPorts`] where there are not so many.
pub fn free_ports(count: usize) -> Result<Vec<u16>, ServiceError> {
    let start = u16::from_le_bytes(random()?);
    let candidates = (0..COUNT).map(|step| FIRST + (start % COUNT + step) % COUNT);
    // All are held until the last is found, so that they differ.
    let held: Vec<_> = candidates.take(TRIES).filter_map(|port| Some((port, hold(port)?))).take(count).collect();
    if held.len() < count {
        return Err(ServiceError::NoPorts { count });
    }
    Ok(held.iter().map(|(port, _)| *port).collect())
}

/// Whether nobody listens on this port.
pub(crate) fn is_free(port: u16) -> bool {
    hold(port).is_some()
}

fn hold(port: u16) -> Option<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).ok()
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], ServiceError> {
    let mut bytes = [0; N];
    let read = fs::File::open("/dev/urandom").and_then(|mut file| std::io::Read::read_exact(&mut file, &mut bytes));
    read.map_err(|error| ServiceError::command("reading random bytes", &error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ() {
        let mut ports = free_ports(12).unwrap();

        // Whether they are still free cannot be asked: those who look at the same time hold them for a moment.
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 12);
    }

    #[test]
    fn a_port_that_is_listened_on_is_not_free() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();

        assert!(!is_free(listener.local_addr().unwrap().port()));
    }
}
