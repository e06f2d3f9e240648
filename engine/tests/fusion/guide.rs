//! The guide shows code that is compiled and run: that of the examples of `Family` and `Reuse`.

const GUIDE: &str = include_str!("../../../docs/write-a-step.md");
const SOURCE: &str = include_str!("../../src/fusion.rs");
const REUSE: &str = include_str!("../../src/reuse.rs");

/// Without blanks, line ends and the marks of a comment.
fn flat(code: &str) -> String {
    let lines = code.lines().map(|line| line.trim_start().trim_start_matches("///"));
    lines.flat_map(str::split_whitespace).collect()
}

/// The pieces of code of a part of the guide.
fn pieces(title: &str) -> Vec<&'static str> {
    let part = GUIDE.split(title).nth(1).unwrap().split("\n## ").next().unwrap();
    part.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_piece_of_code_about_fusible_steps_is_a_part_of_the_example() {
    let pieces = pieces("## Fusible steps");

    assert_eq!(pieces.len(), 2);
    for piece in pieces {
        assert!(flat(SOURCE).contains(&flat(piece)), "the example does not have this:\n{piece}");
    }
}

#[test]
fn so_is_that_about_results_that_are_kept() {
    let pieces = pieces("## Results that are kept");

    assert_eq!(pieces.len(), 1);
    assert!(flat(REUSE).contains(&flat(pieces[0])), "the example does not have this:\n{}", pieces[0]);
}
