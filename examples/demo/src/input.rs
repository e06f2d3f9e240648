//! The video that goes in.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use stagemark_media::assets::CLIP;

use crate::Options;

/// The name of the clip that is brought along, in the folder of the demo.
const CLIP_NAME: &str = "bbb_720p_5s.mp4";

/// A video file, known by its bytes.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    /// SHA-256 of the bytes, in hexadecimal: the same video has the same name wherever it lies.
    pub(crate) hash: String,
    own_clip: bool,
}

impl Input {
    /// The file that was named, or the clip that is brought along.
    pub(crate) async fn find(options: &Options) -> Result<Self, String> {
        let own_clip = options.input.is_none();
        let path = match &options.input {
            Some(path) => path.clone(),
            None => lay_out_clip(&options.dir).map_err(|error| format!("the clip could not be written: {error}"))?,
        };
        let file = path.clone();
        let hashed = tokio::task::spawn_blocking(move || hash(&file)).await.map_err(|error| error.to_string())?;
        let hash = hashed.map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        Ok(Self { path, hash, own_clip })
    }

    /// What it is, for people.
    pub(crate) fn title(&self) -> String {
        if self.own_clip {
            "Input: five seconds of Big Buck Bunny (© 2008 Blender Foundation, www.bigbuckbunny.org, CC-BY 3.0)".into()
        } else {
            format!("Input: {}", self.path.display())
        }
    }
}

fn lay_out_clip(dir: &Path) -> io::Result<PathBuf> {
    let path = dir.join(CLIP_NAME);
    if !std::fs::read(&path).is_ok_and(|there| there == CLIP) {
        std::fs::write(&path, CLIP)?;
    }
    Ok(path)
}

fn hash(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher) = (std::fs::File::open(path)?, Sha256::new());
    let mut part = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut part)?;
        if read == 0 {
            return Ok(hexadecimal(&hasher.finalize()));
        }
        hasher.update(&part[..read]);
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
