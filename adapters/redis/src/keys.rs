//! The names of keys: what belongs together has one hash tag, and so lives on one node of a cluster.

use std::fmt::Write;

use crate::RedisError;

/// What all keys begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    pub(crate) fn new(prefix: &str) -> Result<Self, RedisError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
        if prefix.is_empty() || !prefix.chars().all(fits) {
            return Err(RedisError::Prefix { prefix: prefix.to_owned() });
        }
        Ok(Self(prefix.to_owned()))
    }

    pub(crate) fn lock(&self, name: &str) -> String {
        format!("{}:lock:{{{}}}", self.0, tag(name))
    }

    /// The greatest fencing token of a lock so far.
    pub(crate) fn fence(&self, name: &str) -> String {
        format!("{}:fence:{{{}}}", self.0, tag(name))
    }

    pub(crate) fn key(&self, workflow: &str, key: &str) -> String {
        format!("{}:key:{{{}/{}}}", self.0, tag(workflow), tag(key))
    }

    pub(crate) fn live(&self, run: stagemark::RunId) -> String {
        format!("{}:live:{{{run}}}", self.0)
    }

    pub(crate) fn semaphore(&self, name: &str) -> String {
        format!("{}:semaphore:{{{}}}", self.0, tag(name))
    }

    pub(crate) fn rate(&self, name: &str) -> String {
        format!("{}:rate:{{{}}}", self.0, tag(name))
    }

    /// A key of the application's.
    pub(crate) fn of_application(&self, kind: &str, name: &str) -> String {
        format!("{}:app:{}:{{{}}}", self.0, tag(kind), tag(name))
    }
}

/// A name without the characters that would end a hash tag or part two names; others are kept. No name is empty, since
/// an empty tag is none.
fn tag(name: &str) -> String {
    let mut tag = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '{' | '}' | '%' | '/' => write!(tag, "%{:02x}", u32::from(c)).expect("a string takes all that is written"),
            c => tag.push(c),
        }
    }
    if tag.is_empty() { "%".to_owned() } else { tag }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix() -> Prefix {
        Prefix::new("stagemark").unwrap()
    }

    #[test]
    fn what_belongs_together_has_one_tag() {
        assert_eq!(prefix().lock("printer"), "stagemark:lock:{printer}");
        assert_eq!(prefix().fence("printer"), "stagemark:fence:{printer}");
    }

    #[test]
    fn names_are_told_apart_whatever_they_hold() {
        let names = ["", "%", "{", "}", "{}", "a{b}c", "a%7bb", "ñ", " ", "/"];
        let mut keys: Vec<_> = names.iter().map(|name| prefix().lock(name)).collect();
        assert!(keys.iter().all(|key| key.matches(['{', '}']).count() == 2), "{keys:?}");
        keys.sort();
        keys.dedup();

        assert_eq!(keys.len(), names.len());
        assert_ne!(prefix().key("a", "b/c"), prefix().key("a/b", "c"));
        assert_eq!(prefix().of_application("{a}", "b"), "stagemark:app:%7ba%7d:{b}");
    }

    #[test]
    fn a_prefix_that_would_move_the_tag_is_refused() {
        for bad in ["", "a{b", "}", "a b", "ñ"] {
            assert!(matches!(Prefix::new(bad), Err(RedisError::Prefix { .. })), "{bad:?}");
        }
    }
}
