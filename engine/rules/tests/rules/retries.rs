//! Retries: how often, how soon, and what counts as an attempt.

use std::time::Duration;

use stagemark_rules::{Backoff, Event, Jitter, Phase, Policy, Status};

use crate::fixture::{FIRST, NOW, Play, SECOND, THRICE, chain};

fn thrice() -> Play {
    Play::of(chain(["trim"], THRICE))
}

#[test]
fn a_failed_attempt_is_tried_again_after_its_backoff() {
    let mut play = thrice();
    let attempt = play.claim(FIRST);

    play.fail(FIRST, attempt).unwrap();

    assert_eq!(play.phase(FIRST), Phase::Queued { due: NOW.after(SECOND) });
    assert_eq!(play.status(), Status::Running);
}

#[test]
fn the_attempts_of_the_policy_include_the_first() {
    let mut play = thrice();
    for _ in 0..3 {
        assert_ne!(play.status(), Status::Failed);
        let attempt = play.claim(FIRST);
        play.fail(FIRST, attempt).unwrap();
    }

    assert_eq!((play.phase(FIRST), play.status()), (Phase::Dead, Status::Failed));
}

#[test]
fn a_policy_of_one_attempt_retries_nothing() {
    let mut play = Play::of(chain(["trim"], Policy { attempts: 1, ..THRICE }));
    let attempt = play.claim(FIRST);

    play.fail(FIRST, attempt).unwrap();

    assert_eq!((play.phase(FIRST), play.status()), (Phase::Dead, Status::Failed));
}

#[test]
fn a_permanent_failure_is_not_tried_again() {
    let mut play = thrice();
    let attempt = play.claim(FIRST);

    play.decide(Event::Failed { task: FIRST, attempt, permanent: true, jitter: Jitter::MOST }).unwrap();

    assert_eq!((play.phase(FIRST), play.status()), (Phase::Dead, Status::Failed));
}

#[test]
fn a_crash_counts_as_an_attempt() {
    let mut play = thrice();
    for _ in 0..3 {
        let attempt = play.claim(FIRST);
        play.expire(FIRST, attempt).unwrap();
    }

    assert_eq!((play.phase(FIRST), play.status()), (Phase::Dead, Status::Failed));
}

#[test]
fn a_crash_waits_as_a_failure_does() {
    let mut play = thrice();
    let attempt = play.claim(FIRST);

    play.expire(FIRST, attempt).unwrap();

    assert_eq!(play.phase(FIRST), Phase::Queued { due: NOW.after(SECOND) });
}

#[test]
fn a_lease_that_is_handed_back_counts_for_no_attempt() {
    let mut play = thrice();
    for _ in 0..10 {
        let attempt = play.claim(FIRST);
        play.release(FIRST, attempt).unwrap();
    }
    for _ in 0..2 {
        let attempt = play.claim(FIRST);
        play.fail(FIRST, attempt).unwrap();
    }

    assert_eq!((play.task(FIRST).attempt, play.task(FIRST).released), (12, 10));
    assert_eq!(play.status(), Status::Running, "one attempt of three is left");
}

#[test]
fn a_lease_that_is_handed_back_does_not_wait() {
    let mut play = thrice();
    let attempt = play.claim(FIRST);

    play.release(FIRST, attempt).unwrap();

    assert_eq!(play.phase(FIRST), Phase::Queued { due: NOW });
}

#[test]
fn a_lease_that_was_handed_back_does_not_lengthen_the_wait() {
    let policy = Policy { backoff: Backoff::exponential(SECOND), ..THRICE };
    let mut play = Play::of(chain(["trim"], policy));
    for _ in 0..5 {
        let attempt = play.claim(FIRST);
        play.release(FIRST, attempt).unwrap();
    }

    let attempt = play.claim(FIRST);
    play.fail(FIRST, attempt).unwrap();

    assert_eq!(play.phase(FIRST), Phase::Queued { due: NOW.after(SECOND) });
}

#[test]
fn backoff_doubles_up_to_its_longest_wait() {
    let backoff = Backoff::exponential(SECOND);

    let waits: Vec<_> = (1..=9).map(|attempt| backoff.delay(attempt, Jitter::MOST).as_secs()).collect();

    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
}

#[test]
fn jitter_takes_off_up_to_half() {
    let backoff = Backoff::exponential(SECOND);

    let waits = [Jitter::LEAST, Jitter(u16::MAX / 2), Jitter::MOST].map(|jitter| backoff.delay(2, jitter).as_millis());

    assert_eq!(waits, [1_000, 1_499, 2_000]);
}

#[test]
fn a_fixed_wait_has_no_jitter() {
    let backoff = Backoff::Fixed(SECOND);

    assert_eq!([backoff.delay(1, Jitter::LEAST), backoff.delay(9, Jitter::MOST)], [SECOND, SECOND]);
}

#[test]
fn no_number_of_attempts_overflows_the_wait() {
    let endless = Backoff::Exponential { first: Duration::MAX, max: Duration::MAX };

    assert!(endless.delay(u32::MAX, Jitter::LEAST) >= Duration::MAX / 2);
    assert_eq!(Backoff::exponential(SECOND).delay(u32::MAX, Jitter::MOST), SECOND * 64);
    assert_eq!(Backoff::exponential(SECOND).delay(0, Jitter::MOST), SECOND);
}
