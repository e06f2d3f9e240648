//! Lets a test that is another process have hosts killed, when it is time.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// Kills what it is asked to by name; an error says what went wrong.
pub(crate) type Kill<'a> = &'a (dyn Fn(&str) -> Result<(), String> + Sync);

/// Runs a test, which has hosts killed by `POST /NAME` below the URL that it is told. Each is answered when it is done.
pub(crate) fn with_harm<T>(kill: Kill<'_>, test: impl FnOnce(String) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, is_over) = (listener.local_addr().unwrap(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            for asked in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                answer(&asked.unwrap(), kill);
            }
        });
        // Also where the test panics: else the scope would wait for who waits for the next order.
        let _end = End { is_over: &is_over, address };
        test(format!("http://{address}"))
    })
}

struct End<'a> {
    is_over: &'a AtomicBool,
    address: SocketAddr,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // It waits for a connection, and looks then.
        let _woken = TcpStream::connect(self.address);
    }
}

fn answer(mut stream: &TcpStream, kill: Kill<'_>) {
    let head: Vec<String> =
        BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let asked = head.first().and_then(|line| line.strip_prefix("POST /")?.split(' ').next());
    let killed = asked.ok_or_else(|| format!("this is no order: {head:?}")).and_then(kill);
    let (status, said) = match killed {
        Ok(()) => ("200 OK", String::new()),
        Err(why) => ("500 Internal Server Error", why),
    };
    let length = said.len();
    // Who has asked says what is wrong, if it cannot hear this.
    let _heard = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{said}");
}

/// The ends of these logs.
pub(crate) fn tails(logs: &[impl AsRef<Path>]) -> String {
    logs.iter().map(|log| tail(log.as_ref())).collect()
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).map_or_else(|error| error.to_string(), |log| String::from_utf8_lossy(&log).into_owned());
    let lines: Vec<&str> = text.lines().collect();
    format!("\n== {}\n{}\n", log.display(), lines[lines.len().saturating_sub(25)..].join("\n"))
}
