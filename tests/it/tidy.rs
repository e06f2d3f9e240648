//! The tree stays small and readable: sizes of files, functions and ports.

use std::{
    fs,
    path::{Path, PathBuf},
};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 60;
const PORT_METHODS_MAX: usize = 6;

/// The Rust files of the project.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.canonicalize().unwrap()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The lines of a file before its inline tests.
fn code(text: &str) -> Vec<&str> {
    text.lines().take_while(|line| *line != "#[cfg(test)]").collect()
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|file| (code(&fs::read_to_string(&file).unwrap()).len(), file))
        .filter(|(lines, _)| *lines > FILE_LINES_MAX)
        .collect();

    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn no_function_is_longer_than_sixty_lines() {
    let mut long = Vec::new();
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<_> = text.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| begins_function(line)) {
            let indent = line.len() - line.trim_start().len();
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[at..].iter().position(|line| **line == *end).map_or(0, |length| length + 1);
            if length > FUNCTION_LINES_MAX {
                long.push(format!("{}:{} has {length} lines", file.display(), at + 1));
            }
        }
    }

    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn no_port_has_more_than_six_methods() {
    let mut found = 0;
    for file in sources().into_iter().filter(|file| file.components().any(|part| part.as_os_str() == "ports")) {
        let text = fs::read_to_string(&file).unwrap();
        for port in text.split("\npub trait ").skip(1) {
            let body = port.split("\n}").next().unwrap();
            let methods = body.lines().filter(|line| declares_function(line)).count();
            found += 1;
            assert!(methods <= PORT_METHODS_MAX, "a trait of {} has {methods} methods", file.display());
        }
    }

    assert!(found >= 2, "the ports were not found");
}

/// Whether a function with a body of lines of its own begins here.
fn begins_function(line: &str) -> bool {
    declares_function(line) && !line.ends_with([';', '}'])
}

fn declares_function(line: &str) -> bool {
    const QUALIFIERS: [&str; 4] = ["pub", "const", "async", "unsafe"];
    let mut words = line.trim_start().split(' ');
    words.find(|word| !QUALIFIERS.contains(word) && !word.starts_with("pub(")) == Some("fn")
}

#[test]
fn functions_are_recognised() {
    for line in
        ["fn a() {", "    pub(crate) async fn b(&self) -> C {", "pub const fn d(", "    pub(super) fn e<F: Fn(A)>("]
    {
        assert!(begins_function(line), "{line}");
    }
    for line in ["    fn f(&self);", "    fn g() {}", "/// fn h() {", "let fn_i = i(", "F: Fn(A) -> B,"] {
        assert!(!begins_function(line), "{line}");
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|file| !fs::read_to_string(file).unwrap().trim_start().starts_with("//!"))
        .filter(|file| !file.components().any(|part| part.as_os_str() == "ui"))
        .collect();

    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn every_source_file_that_the_docs_name_is_there() {
    let (sources, root) = (sources(), Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    let mut named = 0;
    let mut missing = Vec::new();
    for page in ["README.md", "docs/architecture.md", "docs/data-walk.md", "docs/operate.md"] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let files = text.split('`').skip(1).step_by(2).filter(|word| word.contains('/'));
        let files = files.filter(|word| Path::new(word).extension().is_some_and(|extension| extension == "rs"));
        for file in files {
            named += 1;
            if !sources.iter().any(|source| source.ends_with(file)) {
                missing.push(format!("{page} names {file}"));
            }
        }
    }

    assert!(named > 40, "only {named} files are named");
    assert!(missing.is_empty(), "{missing:#?}");
}
