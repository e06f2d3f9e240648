//! Sees to it that what a command needs is there: by installing it, or by saying how.

use std::{env, process::Command};

use crate::{need::Need, rights::Rights};

/// Runs a command while no package may start a server; where that is settled already, it stays so.
const WITHOUT_STARTS: &str = "\
    policy=/usr/sbin/policy-rc.d; \
    if [ ! -e $policy ]; then \
        trap 'rm -f $policy' EXIT; trap 'exit 1' HUP INT TERM; \
        printf '#!/bin/sh\\nexit 101\\n' >$policy && chmod 755 $policy || exit; \
    fi; \
    \"$@\"";

/// Installs what is missing.
///
/// # Errors
/// What is missing, and what to type, where it cannot be installed.
pub(crate) fn all(needs: &[Need]) -> Result<(), String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let missing: Vec<Need> = needs.iter().filter(|need| need.is_missing(&path)).copied().collect();
    let Some(plan) = plan(&missing, Rights::here(&path))? else { return Ok(()) };
    println!("{}", plan.announcement);
    for step in &plan.steps {
        println!("  {}", step.words.join(" "));
        let done = command(&step.words).status();
        if !step.may_fail && !done.as_ref().is_ok_and(std::process::ExitStatus::success) {
            let why = done.map_or_else(|error| error.to_string(), |status| status.to_string());
            return Err(format!("Installing failed ({why}). Once that is mended, run the same command again."));
        }
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let left: Vec<_> = missing.iter().filter(|need| need.is_missing(&path)).map(|need| need.what).collect();
    if left.is_empty() { Ok(()) } else { Err(format!("Installed, but still not in the path: {}.", left.join("; "))) }
}

/// What is to be run, and what is said of it.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    announcement: String,
    steps: Vec<InstallStep>,
}

#[derive(Debug, PartialEq, Eq)]
struct InstallStep {
    words: Vec<&'static str>,
    /// Lists of packages that are there may do, also when they cannot be renewed.
    may_fail: bool,
}

/// What to do about what is missing; nothing where nothing is.
fn plan(missing: &[Need], rights: Rights) -> Result<Option<Plan>, String> {
    if missing.is_empty() {
        return Ok(None);
    }
    let announcement = announcement(missing);
    let prefix: &[&'static str] = match rights {
        Rights::Root => &[],
        Rights::Sudo => &["sudo"],
        _ => return Err(format!("{announcement}\n{}", by_hand(missing, rights))),
    };
    let with_prefix = |words: &[&'static str]| [prefix, words].concat();
    let update = InstallStep { words: with_prefix(&["apt-get", "update"]), may_fail: true };
    let install = install(missing);
    // A server that a package starts would be nobody's, and hold the port of another.
    let quiet = if missing.iter().any(|need| need.starts) { vec!["sh", "-c", WITHOUT_STARTS, "sh"] } else { vec![] };
    let install = InstallStep { words: with_prefix(&[quiet, install].concat()), may_fail: false };
    Ok(Some(Plan { announcement, steps: vec![update, install] }))
}

fn announcement(missing: &[Need]) -> String {
    let lines = missing.iter().map(|need| format!("  - {}, {}", need.what, need.purpose));
    std::iter::once("This machine lacks:".to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}

/// What to type.
fn by_hand(missing: &[Need], rights: Rights) -> String {
    let both = format!("apt-get update && {}", install(missing).join(" "));
    match rights {
        Rights::NoPackageManager => {
            format!("There is no apt-get here to install it with. On Debian and Ubuntu it would be:\n\n    {both}\n")
        }
        Rights::None => format!("Installing it needs root. Type:\n\n    su -c '{both}'\n"),
        _ => format!("Installing it needs root, and sudo a password. Type:\n\n    sudo sh -c '{both}'\n"),
    }
}

fn install(missing: &[Need]) -> Vec<&'static str> {
    let mut words = vec!["apt-get", "install", "--yes", "--no-install-recommends"];
    words.extend(missing.iter().flat_map(|need| need.packages));
    words
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSING: [Need; 2] = [Need::CC, Need::FFMPEG];
    const INSTALL: &str = "apt-get install --yes --no-install-recommends gcc libc6-dev ffmpeg";

    fn commands(rights: Rights) -> Vec<String> {
        let plan = plan(&MISSING, rights).unwrap().unwrap();
        plan.steps.iter().map(|step| step.words.join(" ")).collect()
    }

    fn refusal(rights: Rights) -> String {
        plan(&MISSING, rights).unwrap_err()
    }

    #[test]
    fn nothing_is_done_where_nothing_is_missing() {
        for rights in [Rights::Root, Rights::Sudo, Rights::SudoByHand, Rights::None, Rights::NoPackageManager] {
            assert_eq!(plan(&[], rights), Ok(None));
        }
    }

    #[test]
    fn root_installs_at_once() {
        assert_eq!(commands(Rights::Root), ["apt-get update", INSTALL]);
    }

    #[test]
    fn others_install_by_sudo() {
        assert_eq!(commands(Rights::Sudo), ["sudo apt-get update".to_owned(), format!("sudo {INSTALL}")]);
    }

    #[test]
    fn what_is_missing_is_said() {
        let said = plan(&MISSING, Rights::Root).unwrap().unwrap().announcement;

        assert!(said.contains("a C compiler") && said.contains("ffmpeg and ffprobe"), "{said}");
    }

    #[test]
    fn what_starts_servers_is_installed_without_starting_them() {
        let steps = plan(&[Need::CC, Need::REDIS], Rights::Sudo).unwrap().unwrap().steps;

        assert_eq!(steps[1].words[..3], ["sudo", "sh", "-c"]);
        assert!(steps[1].words[3].contains("exit 101"));
        assert!(steps[1].words[4..].join(" ").ends_with("--no-install-recommends gcc libc6-dev redis-server"));
    }

    #[test]
    fn a_command_without_starts_leaves_the_policy_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("policy-rc.d");
        let script = WITHOUT_STARTS.replace("/usr/sbin/policy-rc.d", policy.to_str().unwrap());
        let run = |command: &str| Command::new("sh").args(["-c", &script, "sh", "sh", "-c", command]).status().unwrap();
        let path = policy.to_str().unwrap();

        assert!(run(&format!("! {path} && test $(stat -c %a {path}) = 755")).success());
        assert!(!policy.exists());
        assert_eq!(run("exit 3").code(), Some(3));

        std::fs::write(&policy, "another").unwrap();
        assert!(run("true").success());
        assert_eq!(std::fs::read_to_string(&policy).unwrap(), "another");
    }

    #[test]
    fn without_a_terminal_the_sudo_command_is_told() {
        let told = refusal(Rights::SudoByHand);

        assert!(told.contains(&format!("\n    sudo sh -c 'apt-get update && {INSTALL}'\n")), "{told}");
    }

    #[test]
    fn without_sudo_the_su_command_is_told() {
        let told = refusal(Rights::None);

        assert!(told.contains(&format!("\n    su -c 'apt-get update && {INSTALL}'\n")), "{told}");
        assert!(told.starts_with("This machine lacks:"), "{told}");
    }

    #[test]
    fn without_apt_the_packages_are_told() {
        let told = refusal(Rights::NoPackageManager);

        assert!(told.contains("no apt-get") && told.contains(INSTALL), "{told}");
    }
}
