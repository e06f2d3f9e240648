//! Names of workflows and steps, checked when the program is compiled.

use std::fmt;

/// The name of a workflow or a step: 1 to 64 lower-case letters, digits and dashes.
///
/// In a `const` a bad name does not compile; that is where names belong, because they are stored
/// with every run.
///
/// ```
/// use stagemark::Name;
///
/// const TRANSCODE: Name = Name::new("transcode");
/// assert_eq!(TRANSCODE.as_str(), "transcode");
/// ```
///
/// ```compile_fail,E0080
/// const TRANSCODE: stagemark::Name = stagemark::Name::new("Transcode");
/// # println!("{TRANSCODE}");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(&'static str);

impl Name {
    /// Checks the text and makes it a name.
    ///
    /// # Panics
    /// If the text is empty, longer than 64 bytes or has another character than `a-z`, `0-9` and `-`. In a `const`
    /// this is a compile error.
    pub const fn new(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        assert!(!bytes.is_empty() && bytes.len() <= 64, "a name has 1 to 64 bytes");
        let mut at = 0;
        while at < bytes.len() {
            assert!(
                matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'-'),
                "a name has lower-case letters, digits and dashes alone"
            );
            at += 1;
        }
        Self(text)
    }

    /// The text of the name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}
