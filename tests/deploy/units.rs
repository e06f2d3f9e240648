//! Units of systemd, read by systemd.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{deployment::succeeds, root};

/// How exposed a unit may be, of 10: by systemd's own measure, 2 and less is what it calls OK.
const EXPOSURE_MAX: f64 = 2.0;

fn units() -> Vec<PathBuf> {
    let mut units: Vec<_> =
        fs::read_dir(root().join("deploy/systemd")).unwrap().map(|entry| entry.unwrap().path()).collect();
    units.sort();
    units
}

/// A root with the units in it, those of the system, and a program for each that they start.
fn installed() -> Option<tempfile::TempDir> {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("skipped: systemd-analyze is not installed");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("etc/systemd/system"), folder.path().join("usr/lib/systemd"));
    fs::create_dir_all(&ours).unwrap();
    fs::create_dir_all(&theirs).unwrap();
    succeeds(Command::new("cp").args(["-a", "/lib/systemd/system"]).arg(theirs));
    for unit in units() {
        fs::copy(&unit, ours.join(unit.file_name().unwrap())).unwrap();
        for program in programs(&unit) {
            let program = folder.path().join(program.trim_start_matches('/'));
            fs::create_dir_all(program.parent().unwrap()).unwrap();
            fs::copy("/bin/true", program).unwrap();
        }
    }
    Some(folder)
}

/// The programs that a unit starts.
fn programs(unit: &Path) -> Vec<String> {
    let text = fs::read_to_string(unit).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("Exec")?.split_once('='));
    lines.map(|(_, command)| command.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let Some(folder) = installed() else { return };
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]).arg(format!("--root={}", folder.path().display()));

    let said = succeeds(verify.args(units().iter().map(|unit| unit.file_name().unwrap())));

    assert!(said.stderr.is_empty(), "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn no_unit_is_exposed() {
    let Some(folder) = installed() else { return };
    for unit in units().iter().filter(|unit| unit.extension().is_some_and(|extension| extension == "service")) {
        let mut security = Command::new("systemd-analyze");
        security.args(["security", "--offline=true", "--no-pager"]).arg(format!("--root={}", folder.path().display()));
        let said = succeeds(security.arg(unit.file_name().unwrap()));

        let said = String::from_utf8(said.stdout).unwrap();
        let level = said.lines().find_map(|line| line.split("exposure level for ").nth(1)).expect(&said);
        println!("{level}");
        let level: f64 = level.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(level <= EXPOSURE_MAX, "{}: {level}", unit.display());
    }
}

#[test]
fn each_host_runs_as_nobody_comes_back_and_reads_secrets_as_credentials() {
    for name in ["api", "worker", "front"] {
        let unit = root().join(format!("deploy/systemd/stagemark-contest-{name}.service"));
        let text = fs::read_to_string(&unit).unwrap();
        for line in ["DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "Restart=always"] {
            assert!(text.lines().any(|found| found == line), "{name} has no {line}");
        }
        assert!(text.contains("\nLoadCredential="), "{name}");
        // None of them tells systemd that it lives; a watchdog would only kill it.
        assert!(!text.contains("WatchdogSec"), "{name}");
        let files = text.lines().filter(|line| line.starts_with("Environment=")).flat_map(|line| line.split(' '));
        for file in files.filter(|word| word.contains("_FILE=")) {
            let credential = file.split_once("%d/").expect(file).1;
            assert!(text.contains(&format!("LoadCredential={credential}:")), "{name}: {file}");
        }
    }
}

/// As the unit of the front fills in its template.
#[test]
fn the_template_of_the_front_is_filled_in_from_the_environment_alone() {
    let (folder, script) = (tempfile::tempdir().unwrap(), root().join("deploy/nginx/render.sh"));
    let (template, out) = (folder.path().join("template"), folder.path().join("out"));
    fs::write(&template, "name ${FRONT_NAMES}; host $host; other ${OTHER};").unwrap();
    let render = |names: Option<&str>| {
        let mut command = Command::new(&script);
        command.arg(&template).arg(&out).env("OTHER", "x").env_remove("FRONT_NAMES");
        command.envs(names.map(|names| ("FRONT_NAMES", names))).output().unwrap()
    };

    assert!(render(Some("contest.example")).status.success());
    assert_eq!(fs::read_to_string(&out).unwrap(), "name contest.example; host $host; other ${OTHER};");

    let refused = render(None);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nothing fills in"), "{refused:?}");
}
