//! The guide to writing a step shows code that is compiled and tested.

const GUIDE: &str = include_str!("../../../docs/write-a-step.md");
const EXAMPLE: &str = include_str!("../../examples/speed.rs");

/// Without blanks and line ends: the guide breaks lines where it reads best.
fn flat(code: &str) -> String {
    code.split_whitespace().collect()
}

#[test]
fn every_piece_of_code_in_the_guide_is_a_part_of_the_example() {
    // What is said of fusible steps is tried where families are: in the engine.
    let guide = GUIDE.split("## Fusible steps").next().unwrap();
    let pieces: Vec<&str> = guide.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();

    assert_eq!(pieces.len(), 5);
    for piece in pieces {
        assert!(flat(EXAMPLE).contains(&flat(piece)), "the example does not have this:\n{piece}");
    }
}
