//! All that people do, in a real browser.

use std::{env, path::Path, process::Command};

use stagemark_services::NODE;

use crate::{
    cluster::Cluster,
    host::{Host, alone, web},
};

/// What the browser's tests are told.
struct Told<'a> {
    url: &'a str,
    admin_password: String,
    /// What kills who makes videos.
    crash: String,
    /// Where pictures of the pages go.
    shots: &'a Path,
}

impl Told<'_> {
    /// Runs the tests of these files; of all where none is named.
    fn try_out(&self, files: &[&str]) {
        let node = NODE.program();
        let folders = env::split_paths(&env::var_os("PATH").unwrap()).collect::<Vec<_>>();
        let path = env::join_paths([node.parent().unwrap().to_owned()].into_iter().chain(folders)).unwrap();
        let mut tests = Command::new(&node);
        tests.args(["node_modules/vitest/vitest.mjs", "run", "--config", "e2e/vitest.config.ts"]).args(files);
        tests.env("CONTEST_URL", self.url).env("CONTEST_SHOTS", self.shots).env("CONTEST_CRASH", &self.crash);
        tests.env("CONTEST_CLIP", Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../steps/assets/bbb_720p_5s.mp4"));
        tests.env("CONTEST_ADMIN_NAME", "admin").env("CONTEST_ADMIN_PASSWORD", &self.admin_password);

        let tried = tests.current_dir(web()).env("PATH", path).output().unwrap();

        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(tried.status.success(), "{}{}", said(&tried.stdout), said(&tried.stderr));
    }
}

#[test]
fn people_use_it_in_a_browser() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(folder.path());
    // For who wants to see the pages, or to renew their pictures in the docs.
    let shots = env::var_os("CONTEST_SHOTS").map_or_else(|| folder.path().join("shots"), Into::into);
    let (url, admin_password) = (host.url.as_str(), host.admin_password());
    let crash = format!("sh {}", host.crash_program().display());

    Told { url, admin_password, crash, shots: &shots }.try_out(&[]);
}

#[test]
fn people_use_a_cluster_in_a_browser_while_a_worker_is_killed() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(folder.path());
    let (url, admin_password) = (cluster.url.as_str(), cluster.admin_password());
    let crash = format!("kill -9 {}", cluster.process("worker host 1"));
    let told = Told { url, admin_password, crash, shots: &folder.path().join("shots") };

    told.try_out(&["crash", "watch"]);
}
