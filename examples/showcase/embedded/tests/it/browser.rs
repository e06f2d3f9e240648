//! All that people do, in a real browser, while hosts are killed.

use std::{
    env,
    path::Path,
    process::{Command, Output},
    sync::Mutex,
};

use stagemark_services::NODE;

use crate::{
    cluster::Cluster,
    harm::with_harm,
    host::{Host, alone, web},
};

/// What the browser's tests are told.
struct Told<'a> {
    url: &'a str,
    admin_password: String,
    /// Where pictures of the pages go.
    shots: &'a Path,
    /// Where hosts are killed, by the name of the variable that says so.
    kills: &'a [(&'a str, String)],
}

impl Told<'_> {
    /// Runs the tests of these files; of all where none is named.
    fn try_out(&self, files: &[&str]) -> Output {
        let node = NODE.program();
        let folders = env::split_paths(&env::var_os("PATH").unwrap()).collect::<Vec<_>>();
        let path = env::join_paths([node.parent().unwrap().to_owned()].into_iter().chain(folders)).unwrap();
        let mut tests = Command::new(&node);
        tests.args(["node_modules/vitest/vitest.mjs", "run", "--config", "e2e/vitest.config.ts"]).args(files);
        tests.env("CONTEST_URL", self.url).env("CONTEST_SHOTS", self.shots);
        tests.env("CONTEST_CLIP", Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../steps/assets/bbb_720p_5s.mp4"));
        tests.env("CONTEST_ADMIN_NAME", "admin").env("CONTEST_ADMIN_PASSWORD", &self.admin_password);
        tests.envs(self.kills.iter().map(|(name, place)| (name, place)));

        tests.current_dir(web()).env("PATH", path).output().unwrap()
    }
}

/// What the tests have said, where they have failed.
fn said(tried: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&tried.stdout) + &text(&tried.stderr)
}

#[test]
fn people_use_it_in_a_browser() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(folder.path());
    // For who wants to see the pages, or to renew their pictures in the docs.
    let shots = env::var_os("CONTEST_SHOTS").map_or_else(|| folder.path().join("shots"), Into::into);

    let told = Told { url: &host.url, admin_password: host.admin_password(), shots: &shots, kills: &[] };
    let tried = told.try_out(&[]);

    assert!(tried.status.success(), "{}{}", said(&tried), host.log());
}

#[test]
fn a_page_goes_on_when_the_process_is_killed_and_started_again() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(folder.path());
    let (url, admin_password, shots) = (host.url.clone(), host.admin_password(), folder.path().join("shots"));
    let host = Mutex::new(host);

    let tried = with_harm(&|_| host.lock().unwrap().crash(), |harm| {
        let kills = [("CONTEST_KILL_WORKER", format!("{harm}/process"))];
        Told { url: &url, admin_password, shots: &shots, kills: &kills }.try_out(&["crash"])
    });

    assert!(tried.status.success(), "{}{}", said(&tried), host.lock().unwrap().log());
}

#[test]
fn people_use_a_cluster_in_a_browser_while_its_hosts_are_killed() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(folder.path());
    let (url, admin_password) = (cluster.url.as_str(), cluster.admin_password());
    let kill = |whom: &str| match whom {
        "api" => cluster.kill_busiest("api", "contest_event_streams"),
        _ => cluster.kill_busiest("worker", "stagemark_slots_in_use"),
    };

    let tried = with_harm(&kill, |harm| {
        let kills = [("CONTEST_KILL_WORKER", format!("{harm}/worker")), ("CONTEST_KILL_API", format!("{harm}/api"))];
        let told = Told { url, admin_password, shots: &folder.path().join("shots"), kills: &kills };
        told.try_out(&["crash", "cluster", "watch"])
    });

    assert!(tried.status.success(), "{}{}", said(&tried), cluster.logs());
}
