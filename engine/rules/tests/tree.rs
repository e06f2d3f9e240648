//! The rules depend on serde alone: nothing in their tree can read a clock, wait, or draw a number.

use std::{collections::BTreeSet, process::Command};

#[test]
fn the_rules_depend_on_serde_alone() {
    // Of macros only what they expand to is part of the rules.
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "stagemark-rules", "--edges", "normal,no-proc-macro", "--target", "all"])
        .args(["--prefix", "none", "--format", "{lib}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let crates = String::from_utf8(output.stdout).expect("the names of crates are text");
    let crates: BTreeSet<_> = crates.lines().map(|line| line.trim_end_matches(" (*)")).collect();

    assert_eq!(crates, BTreeSet::from(["stagemark_rules", "serde", "serde_core"]));
}
