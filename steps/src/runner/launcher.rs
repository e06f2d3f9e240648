//! Starts child processes from one thread that lives as long as this process.
//!
//! The kernel kills a child with its parent *thread* (`PR_SET_PDEATHSIG`), and the threads of a runtime come and go:
//! a child started on one of them could die in the middle of its work.

use std::{
    io,
    process::Command,
    sync::{OnceLock, mpsc},
    thread,
};

use tokio::{process::Child, runtime::Handle, sync::oneshot};

struct Order {
    command: Command,
    runtime: Handle,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// Starts a command; the child is killed when the value is dropped, or when this process ends in any way.
pub(super) async fn launch(command: Command) -> io::Result<Child> {
    let (reply, answer) = oneshot::channel();
    let order = Order { command, runtime: Handle::current(), reply };
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
    for Order { command, runtime, reply } in inbox {
        let _runtime = runtime.enter();
        let child = tokio::process::Command::from(command).kill_on_drop(true).spawn();
        // Whoever asked may be gone: then the child is dropped here, and so killed.
        let _ = reply.send(child);
    }
}
