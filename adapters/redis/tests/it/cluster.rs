//! The adapter on a real Redis cluster of three nodes.

use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use stagemark_conformance::{dedup, limits, live, locks};
use stagemark_redis::Redis;

use crate::fixture::{answers, own, until};

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
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free: Vec<_> = (0..6).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let free: Vec<u16> = free.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        let (ports, buses) = free.split_at(3);
        let nodes = ports.iter().zip(buses).map(|(port, bus)| node(folder.path(), *port, *bus)).collect();
        Self { nodes, ports: ports.to_vec(), _folder: folder }
    }

    fn join(&self) -> bool {
        let nodes = self.ports.iter().map(|port| format!("127.0.0.1:{port}"));
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]).args(nodes).arg("--cluster-yes");
        create.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }
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
    let cluster = Cluster::start();
    until(async || cluster.join()).await;
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
