//! The socket under a connection, to be shut when the connection is given up.
//!
//! `lapin` ends a connection by agreement with the broker. One that is frozen agrees to nothing: each attempt would
//! leave a thread and a socket behind until it thaws.

use std::{
    io,
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A second handle of a socket; dropping it shuts the socket.
#[derive(Debug)]
pub(crate) struct Socket(TcpStream);

impl Drop for Socket {
    fn drop(&mut self) {
        // An error says that it is shut already.
        let _shut = self.0.shutdown(Shutdown::Both);
    }
}

/// An attempt to connect, as the one who wants the connection and the thread that makes it share it. Dropping the
/// former's end gives it up.
#[derive(Debug, Default)]
pub(crate) struct Attempt(Arc<Mutex<State>>);

/// Where the thread leaves the socket.
#[derive(Clone, Debug)]
pub(crate) struct Kept(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Begun,
    Connected(Socket),
    GivenUp,
}

impl Attempt {
    pub(crate) fn kept(&self) -> Kept {
        Kept(Arc::clone(&self.0))
    }

    /// The socket of a connection that was made.
    pub(crate) fn succeeded(self) -> Option<Socket> {
        match std::mem::replace(&mut *lock(&self.0), State::GivenUp) {
            State::Connected(socket) => Some(socket),
            State::Begun | State::GivenUp => None,
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        *lock(&self.0) = State::GivenUp;
    }
}

impl Kept {
    /// Keeps a second handle of a socket, unless nobody wants the connection any more.
    pub(crate) fn keep(&self, socket: &impl AsFd) -> io::Result<()> {
        let second = Socket(TcpStream::from(socket.as_fd().try_clone_to_owned()?));
        let mut state = lock(&self.0);
        if matches!(*state, State::GivenUp) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        *state = State::Connected(second);
        Ok(())
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{io::Read, net::TcpListener};

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    #[test]
    fn giving_up_shuts_the_socket() {
        let (near, mut far) = pair();
        let attempt = Attempt::default();
        attempt.kept().keep(&near).unwrap();

        drop(attempt);

        assert_eq!(far.read(&mut [0]).unwrap(), 0, "it hears the end, though the first handle is open");
    }

    #[test]
    fn a_socket_that_comes_too_late_is_not_kept() {
        let (near, _far) = pair();
        let attempt = Attempt::default();
        let kept = attempt.kept();

        drop(attempt);

        assert!(kept.keep(&near).is_err());
    }

    #[test]
    fn a_success_leaves_the_socket_open() {
        let (near, mut far) = pair();
        let attempt = Attempt::default();
        attempt.kept().keep(&near).unwrap();

        let socket = attempt.succeeded();

        far.set_nonblocking(true).unwrap();
        assert!(far.read(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock));
        drop(socket);
    }
}
