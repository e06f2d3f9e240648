//! The adapter on a real Redis cluster of three nodes.

use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use stagemark_conformance::{dedup, limits, live, locks};
use stagemark_redis::Redis;

use crate::fixture::{LONG, answers, own, until};

/// Three nodes, which end with this value.
struct Cluster {
    nodes: Vec<Child>,
    ports: Vec<u16>,
    _folder: tempfile::TempDir,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            // One that has ended already is as good.
            let _ended = node.kill();
            drop(node.wait());
        }
    }
}

impl Cluster {
    /// Starts nodes and joins them: others, where one did not get its port or they were not joined in one go.
    async fn start() -> Self {
        let mut joined = None;
        until(async || {
            let mut cluster = Self::of_three();
            let is_joined = cluster.answers() && cluster.join();
            joined = is_joined.then_some(cluster);
            is_joined
        })
        .await;
        joined.unwrap()
    }

    fn of_three() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free: Vec<_> = (0..6).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<u16> = free.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        // Before a node wants one of them.
        drop(free);
        let (ports, buses) = ports.split_at(3);
        let nodes = ports.iter().zip(buses).map(|(port, bus)| node(folder.path(), *port, *bus)).collect();
        Self { nodes, ports: ports.to_vec(), _folder: folder }
    }

    /// Whether all nodes come to answer; one that has ended does not.
    fn answers(&mut self) -> bool {
        let deadline = Instant::now() + LONG;
        self.nodes.iter_mut().zip(&self.ports).all(|(node, port)| {
            while node.try_wait().unwrap().is_none() && Instant::now() < deadline {
                if ended_well(&["redis-cli", "-p", &port.to_string(), "ping"]) {
                    return true;
                }
                thread::sleep(Duration::from_millis(10));
            }
            false
        })
    }

    fn join(&self) -> bool {
        let nodes: Vec<_> = self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let mut create = vec!["timeout", "20", "redis-cli", "--cluster", "create"];
        create.extend(nodes.iter().map(String::as_str));
        create.push("--cluster-yes");
        ended_well(&create)
    }
}

fn ended_well(words: &[&str]) -> bool {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

fn node(folder: &Path, port: u16, bus: u16) -> Child {
    let folder = folder.join(port.to_string());
    fs::create_dir(&folder).unwrap();
    let port = port.to_string();
    let settings = [
        ["--port", port.as_str()],
        ["--cluster-port", &bus.to_string()],
        ["--bind", "127.0.0.1"],
        ["--cluster-enabled", "yes"],
        ["--save", ""],
    ];
    // With this process it ends too, however that ends.
    let mut node = Command::new("setpriv");
    node.args(["--pdeathsig", "KILL", "redis-server"]).args(settings.as_flattened()).current_dir(folder);
    node.stdout(Stdio::null()).process_group(0).spawn().unwrap()
}

#[tokio::test]
async fn the_adapter_works_on_a_cluster() {
    let cluster = Cluster::start().await;
    let url = format!("redis-cluster://127.0.0.1:{}", cluster.ports[0]);
    until(async || Redis::connect(&url).await.is_ok()).await;
    let redis = own(&url).await;
    until(async || answers(&redis).await).await;

    // These use many names, which lie on all nodes; those that change several keys of a name need them on one.
    locks::locks_of_other_names_are_others(&own(&url).await).await;
    locks::each_who_gets_it_has_a_greater_fencing_token(&own(&url).await).await;
    locks::a_lock_is_renewed_by_its_own_token_alone(&own(&url).await).await;
    locks::a_lock_that_was_released_is_not_renewed(&own(&url).await).await;
    dedup::any_text_is_a_key(&own(&url).await).await;
    live::runs_are_told_apart(&own(&url).await).await;
    limits::semaphores_of_other_names_are_others(&own(&url).await).await;
    limits::of_many_who_want_permits_all_have_no_more_than_there_are(&own(&url).await).await;
    limits::rates_of_other_names_are_others(&own(&url).await).await;
}
