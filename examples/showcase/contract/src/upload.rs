//! How a video comes in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, Type},
};

use crate::Moment;

/// A video that somebody is about to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVideo {
    /// How it is shown.
    #[schema(min_length = 1, max_length = 80, example = "Backflip at the pier")]
    pub title: String,
    /// The name of the file, as the player knows it.
    #[schema(min_length = 1, max_length = 255, example = "backflip.mp4")]
    pub file_name: String,
    /// How large the file is.
    #[schema(minimum = 1, example = 1_048_576)]
    pub size_bytes: u64,
    /// What kind of file it is.
    #[schema(schema_with = content_type)]
    pub content_type: String,
}

/// The types of files that are taken.
pub const CONTENT_TYPES: [&str; 4] = ["video/mp4", "video/quicktime", "video/webm", "video/x-matroska"];

fn content_type() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(CONTENT_TYPES)).build()
}

/// How the file is to be sent: each part to its URL, in any order. Parts that are stored need not be sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// How large each part is, but the last.
    pub part_bytes: u64,
    /// How large the file is.
    pub size_bytes: u64,
    /// Until when the URLs are good; ask again for new ones.
    pub expires_at: Moment,
    /// The parts, in the order of the file.
    pub parts: Vec<UploadPart>,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadPart {
    /// Its number, from 1.
    pub number: u32,
    /// How large it is: no more and no less is taken.
    pub size_bytes: u64,
    /// Whether it has come in.
    pub is_stored: bool,
    /// Where to `PUT` it.
    pub url: String,
    /// What to send with it.
    pub headers: BTreeMap<String, String>,
}
