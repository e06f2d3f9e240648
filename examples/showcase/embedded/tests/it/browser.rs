//! All that people do, in a real browser.

use std::{env, path::Path, process::Command};

use stagemark_services::NODE;

use crate::host::{Host, alone, web};

#[test]
fn people_use_it_in_a_browser() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(folder.path());
    let node = NODE.program();
    let folders = env::split_paths(&env::var_os("PATH").unwrap()).collect::<Vec<_>>();
    let path = env::join_paths([node.parent().unwrap().to_owned()].into_iter().chain(folders)).unwrap();

    // Pictures of the pages, for who wants to see them or to renew those of the docs.
    let shots = env::var_os("CONTEST_SHOTS").unwrap_or_else(|| folder.path().join("shots").into());
    let tests = Command::new(&node)
        .args(["node_modules/vitest/vitest.mjs", "run", "--config", "e2e/vitest.config.ts"])
        .current_dir(web())
        .env("PATH", path)
        .env("CONTEST_URL", &host.url)
        .env("CONTEST_SHOTS", shots)
        .env("CONTEST_CLIP", Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../steps/assets/bbb_720p_5s.mp4"))
        .env("CONTEST_ADMIN_NAME", "admin")
        .env("CONTEST_ADMIN_PASSWORD", host.admin_password())
        .output()
        .unwrap();

    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(tests.status.success(), "{}{}", said(&tests.stdout), said(&tests.stderr));
}
