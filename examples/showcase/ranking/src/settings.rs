//! Reads the weights of scores from the settings of a host. API hosts and workers read the same.

use stagemark_worker::{Key, SettingsError, Source};

use crate::{
    Weights,
    score::{HALF_LIFE_MIN, WEIGHT_MAX},
};

/// What scores can be told; `docs/contest.example.toml` explains each.
pub const KEYS: [Key; 4] = [
    Key::plain("like_weight", "CONTEST_LIKE_WEIGHT"),
    Key::plain("view_weight", "CONTEST_VIEW_WEIGHT"),
    Key::plain("watch_second_weight", "CONTEST_WATCH_SECOND_WEIGHT"),
    Key::plain("score_half_life_s", "CONTEST_SCORE_HALF_LIFE_S"),
];

const WEIGHT: &str = "a number from 0 to 1000000";
const HALF_LIFE: &str = "a whole number of seconds from 60 to 4294967295";

/// The weights in a source that was opened with [`KEYS`]; the usual ones where it says nothing.
///
/// # Errors
/// If one is not what it must be.
pub fn weights(source: &Source<'_>) -> Result<Weights, SettingsError> {
    let usual = Weights::default();
    let half_life = match source.get("score_half_life_s")? {
        Some(given) => {
            let half_life = std::time::Duration::from_secs(given.parse::<u32>(HALF_LIFE)?.into());
            if half_life < HALF_LIFE_MIN { Err(given.invalid(HALF_LIFE)) } else { Ok(half_life) }?
        }
        None => usual.half_life,
    };
    Ok(Weights {
        like: weight(source, "like_weight", usual.like)?,
        view: weight(source, "view_weight", usual.view)?,
        watch_second: weight(source, "watch_second_weight", usual.watch_second)?,
        half_life,
    })
}

fn weight(source: &Source<'_>, name: &str, usual: f64) -> Result<f64, SettingsError> {
    let Some(given) = source.get(name)? else { return Ok(usual) };
    let weight = given.parse(WEIGHT)?;
    if (0.0..=WEIGHT_MAX).contains(&weight) { Ok(weight) } else { Err(given.invalid(WEIGHT)) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stagemark_worker::Environment;

    use super::*;

    fn told<const N: usize>(variables: [(&str, &str); N]) -> Result<Weights, SettingsError> {
        weights(&Source::open(None, &Environment::from(variables), &KEYS)?)
    }

    #[test]
    fn what_is_not_told_is_as_usual() {
        let weights = told([("CONTEST_LIKE_WEIGHT", "2.5"), ("CONTEST_SCORE_HALF_LIFE_S", "3600")]).unwrap();

        assert_eq!(weights, Weights { like: 2.5, half_life: Duration::from_hours(1), ..Weights::default() });
        weights.check().unwrap();
        assert_eq!(told([]).unwrap(), Weights::default());
    }

    #[test]
    fn what_scores_cannot_be_reckoned_with_is_refused_by_name() {
        for (variable, value) in [
            ("CONTEST_LIKE_WEIGHT", "-1"),
            ("CONTEST_LIKE_WEIGHT", "NaN"),
            ("CONTEST_VIEW_WEIGHT", "1e7"),
            ("CONTEST_WATCH_SECOND_WEIGHT", "inf"),
            ("CONTEST_WATCH_SECOND_WEIGHT", "much"),
            ("CONTEST_SCORE_HALF_LIFE_S", "59"),
            ("CONTEST_SCORE_HALF_LIFE_S", "1.5"),
        ] {
            let refused = told([(variable, value)]).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("{variable} must be ")), "{refused}");
        }
    }
}
