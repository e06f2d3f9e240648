//! Artifacts in a local folder: the contract of the port, and what is theirs alone.

mod full_disk;
mod killed;
mod taken;
mod writer;

use stagemark_blob::LocalArtifacts;

fn in_a_folder() -> (LocalArtifacts, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (LocalArtifacts::open(folder.path()).unwrap(), folder)
}

mod contract {
    stagemark_conformance::artifacts_suite!(crate::in_a_folder());
}
