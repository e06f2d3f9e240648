//! The tree stays small and readable: sizes of files and functions.

use std::{
    fs,
    path::{Path, PathBuf},
};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 60;

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

fn begins_function(line: &str) -> bool {
    let line = line.trim_start();
    let words = line.split(['(', '<']).next().unwrap_or_default();
    !line.ends_with(';') && !line.ends_with('}') && words.split(' ').any(|word| word == "fn") && !line.starts_with("//")
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
