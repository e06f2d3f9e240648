//! Starts child processes from one thread that lives as long as this process.
//!
//! The kernel kills a child with its parent *thread* (`PR_SET_PDEATHSIG`), and the threads of a runtime come and go:
//! a child started on one of them could die in the middle of its work. One with walls has a thread of its own, which lives
//! as long as it does.

use std::{
    io,
    process::Command,
    sync::{OnceLock, mpsc},
    thread,
};

use tokio::{process::Child, runtime::Handle, sync::oneshot};

use super::walls::Walls;

struct Order {
    command: Command,
    walls: Option<Walls>,
    runtime: Handle,
    reply: oneshot::Sender<io::Result<Launched>>,
}

/// A child; killed when dropped.
pub(super) struct Launched {
    pub(super) child: Child,
    /// The thread within its walls ends when this is dropped: after the child, which would be killed with it.
    _thread: Option<mpsc::Sender<()>>,
}

/// Starts a command, within walls if there are any; the child is killed when the value is dropped, or when this process
/// ends in any way.
pub(super) async fn launch(command: Command, walls: Option<Walls>) -> io::Result<Launched> {
    let (reply, answer) = oneshot::channel();
    let order = Order { command, walls, runtime: Handle::current(), reply };
    launcher().send(order).map_err(|_| io::Error::other("the thread that starts programs is gone"))?;
    answer.await.map_err(|_| io::Error::other("the thread that starts programs is gone"))?
}

fn launcher() -> &'static mpsc::Sender<Order> {
    static LAUNCHER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    LAUNCHER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel();
        // Where no thread can be had, the inbox is dropped with the closure, and each launch says so.
        let _ = thread::Builder::new().name("stagemark-launch".into()).spawn(move || serve(&inbox));
        orders
    })
}

fn serve(inbox: &mpsc::Receiver<Order>) {
    for Order { command, walls, runtime, reply } in inbox {
        let Some(walls) = walls else {
            // Whoever asked may be gone: then the child is dropped here, and so killed.
            let _ = reply.send(start(command, &runtime, None));
            continue;
        };
        // Walls are for good, so they stand around a thread of this command's own. Where there is none to be had, the
        // answer is dropped with the closure.
        let within = move || {
            let (alive, ended) = mpsc::channel();
            let started = walls.raise().map_err(io::Error::other).and_then(|()| start(command, &runtime, Some(alive)));
            let _ = reply.send(started);
            // No one sends: it waits until the child is dropped.
            let _ = ended.recv();
        };
        let _ = thread::Builder::new().name("stagemark-walls".into()).spawn(within);
    }
}

fn start(command: Command, runtime: &Handle, thread: Option<mpsc::Sender<()>>) -> io::Result<Launched> {
    let _runtime = runtime.enter();
    let child = tokio::process::Command::from(command).kill_on_drop(true).spawn()?;
    Ok(Launched { child, _thread: thread })
}
