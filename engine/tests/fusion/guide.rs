//! The guide shows a family that is compiled and run: the one of the example of `Family`.

const GUIDE: &str = include_str!("../../../docs/write-a-step.md");
const SOURCE: &str = include_str!("../../src/fusion.rs");

/// Without blanks, line ends and the marks of a comment.
fn flat(code: &str) -> String {
    let lines = code.lines().map(|line| line.trim_start().trim_start_matches("///"));
    lines.flat_map(str::split_whitespace).collect()
}

#[test]
fn every_piece_of_code_about_fusible_steps_is_a_part_of_the_example() {
    let part = GUIDE.split("## Fusible steps").nth(1).unwrap().split("\n## ").next().unwrap();
    let pieces: Vec<&str> = part.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();

    assert_eq!(pieces.len(), 2);
    for piece in pieces {
        assert!(flat(SOURCE).contains(&flat(piece)), "the example does not have this:\n{piece}");
    }
}
