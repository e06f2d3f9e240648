//! A name that is empty.
use stagemark::Workflow;

const PUBLISH: Workflow<u32, u32> = Workflow::new("");

fn main() {
    let _ = PUBLISH;
}
