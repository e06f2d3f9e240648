//! Plans that must not compile, and what the compiler says of them: the error points at what is wrong.

use std::{path::Path, process::Command};

/// The compiler whose words are kept beside the cases; another one says the same in other words.
const RECORDED_WITH: &str = "rustc 1.95.";

#[test]
fn wrong_plans_do_not_compile() {
    // With the standard library's source at hand, the compiler quotes it.
    let has_source = Path::new(&rustc(&["--print", "sysroot"])).join("lib/rustlib/src/rust").exists();
    if !rustc(&["--version"]).starts_with(RECORDED_WITH) || has_source {
        // That they do not compile is shown by the examples in the docs of `Workflow` and `Name` all the same.
        eprintln!("skipped: the messages were recorded with {RECORDED_WITH}x, without rust-src");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

fn rustc(arguments: &[&str]) -> String {
    let said = Command::new("rustc").args(arguments).output().expect("the compiler that built this is there");
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}
