//! What a name, a password and a city must be.

use stagemark_contest_contract::{CITIES, FieldProblem, SignIn, SignUp};

use crate::Problem;

/// Whether a name may be a player's.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (3..=32).contains(&name.len()) && name.bytes().all(allowed)
}

/// The name without what makes no difference.
pub(super) fn key_of(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// All that is wrong with it, at once.
pub(super) fn sign_up(given: &SignUp) -> Result<(), Problem> {
    refuse([
        ("name", is_name(&given.name), "must be 3 to 32 letters, digits, `_` and `-`"),
        ("password", has_length(&given.password, 10, 128), "must be 10 to 128 characters"),
        ("city", CITIES.contains(&&*given.city), "must be one that GET /api/cities lists"),
    ])
}

/// What could be nobody's; whether it is somebody's is not told.
pub(super) fn sign_in(given: &SignIn) -> Result<(), Problem> {
    refuse([
        ("name", has_length(&given.name, 1, 128), "must be 1 to 128 characters"),
        ("password", has_length(&given.password, 1, 512), "must be 1 to 512 characters"),
    ])
}

fn has_length(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.chars().count())
}

fn refuse<const N: usize>(checks: [(&str, bool, &str); N]) -> Result<(), Problem> {
    let wrong = checks.into_iter().filter(|(_, is_right, _)| !is_right);
    let wrong: Vec<_> = wrong
        .map(|(field, _, message)| FieldProblem { field: field.to_owned(), message: message.to_owned() })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Problem::fields(wrong)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for name in ["ada", "Ada_Lovelace-2", &"x".repeat(32)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "ad", &"x".repeat(33), "ada lovelace", "ada'--", "ada\0", "ada\r\nx", "ädä", "a/b", "<b>a</b>"]
        {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let given = SignUp { name: "a".to_owned(), password: "short".to_owned(), city: "Atlantis".to_owned() };

        let problem = format!("{:?}", sign_up(&given).unwrap_err());

        assert!(["name", "password", "city"].iter().all(|field| problem.contains(field)), "{problem}");
        assert!(!problem.contains("short"), "a password is not shown: {problem}");
    }
}
