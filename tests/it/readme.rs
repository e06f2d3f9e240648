//! The code of the README is a part of what is compiled and run here.

use stagemark::{Attempt, Name, Permanent, Step, StepError};
use stagemark_media::assets::CLIP;
use tokio::process::Command;

use crate::fixture::{Fixture, finish};

const README: &str = include_str!("../../README.md");
const COUNT: stagemark::Workflow<String, usize> = stagemark::Workflow::new("count");

struct CountWords;

impl Step for CountWords {
    const NAME: Name = Name::new("count-words");
    type Input = String;
    type Output = usize;

    async fn run(&self, attempt: &Attempt, text: String) -> Result<usize, StepError> {
        if text.is_empty() {
            Err("there is nothing to count").permanent()?;
        }
        attempt.progress(0.5, "counting");
        Ok(text.split_whitespace().count())
    }
}

/// Without blanks and line ends: rustfmt and the README break lines each in its own way.
fn flat(code: &str) -> String {
    code.split_whitespace().collect()
}

#[test]
fn every_piece_of_code_in_the_readme_is_run_here() {
    let sources = flat(include_str!("first_contact.rs")) + &flat(include_str!("readme.rs"));
    let pieces: Vec<&str> = README.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();

    assert_eq!(pieces.len(), 2);
    for part in pieces.iter().flat_map(|piece| piece.split("\n\n")) {
        assert!(sources.contains(&flat(part)), "this is not run here:\n{part}");
    }
}

#[tokio::test]
async fn the_program_of_the_readme_publishes_a_video() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cat.mp4"), CLIP).unwrap();

    let ended = Command::new(env!("CARGO_BIN_EXE_first-contact")).current_dir(&folder).output().await.unwrap();

    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let key = said.trim().strip_prefix("1280x720 in ").unwrap_or_else(|| panic!("{said}"));
    assert!(folder.path().join("artifacts/objects").join(key).exists(), "{key}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_of_the_readme_counts_words_and_refuses_none() {
    let fixture = Fixture::new();
    let engine = fixture.serve(COUNT.define(|text| text.then(CountWords))).await;

    let three = engine.submit(COUNT, "one two three".to_owned()).await.unwrap();
    let none = engine.submit(COUNT, String::new()).await.unwrap();

    assert_eq!(three.result().await.unwrap(), 3);
    let Err(stagemark::RunError::Failed(failed)) = none.result().await else { panic!("it was counted") };
    assert_eq!((failed.attempt, failed.chain), (1, vec!["there is nothing to count".to_owned()]));
    finish(engine).await;
}
