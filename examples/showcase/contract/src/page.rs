//! Lists that are given a page at a time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// What is on the page, in the order of the list.
    pub items: Vec<T>,
    /// What to ask for the next page with; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}
