//! The contract of the port to limits, clause by clause; see [`limits_suite!`](crate::limits_suite).

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use stagemark::{
    Rate, WorkerId,
    ports::{Drawn, Holding, Limits, RateLimit, Semaphore},
};
use tokio::time::{Instant, sleep};

use crate::wait::until;

/// The time to live of permits: one that is new may grant nothing for as long.
const TTL: Duration = Duration::from_millis(600);
const PER: Duration = Duration::from_millis(400);

/// Makes one test of each clause of the contract of [`Limits`].
///
/// The expression gives limits that nobody uses, and what must live as long as they do. It is evaluated once a test.
/// The crate that uses it depends on `tokio`, with `macros` and a runtime.
///
/// ```
/// use stagemark::MemoryLimits;
///
/// stagemark_conformance::limits_suite!((MemoryLimits::new(), ()));
/// ```
#[macro_export]
macro_rules! limits_suite {
    ($make:expr) => {
        $crate::limits_suite!(@each $make;
            no_more_permits_are_granted_than_there_are,
            of_many_who_want_permits_all_have_no_more_than_there_are,
            what_a_holder_gives_back_is_granted_to_others,
            permits_that_are_not_spoken_of_lapse,
            permits_that_are_spoken_of_stay,
            what_a_holder_says_it_has_is_counted,
            a_call_that_comes_late_changes_nothing,
            fewer_permits_than_are_held_grant_nothing,
            semaphores_of_other_names_are_others,
            in_no_span_more_is_drawn_than_the_rate_allows,
            after_a_span_as_many_can_be_drawn_again,
            what_is_put_back_can_be_drawn_again,
            where_less_is_drawn_than_wanted_it_is_told_when_there_is_more,
            rates_of_other_names_are_others,
        );
    };
    (@each $make:expr; $($clause:ident,)*) => {
        $(
            #[tokio::test]
            async fn $clause() {
                let (limits, _alive) = $make;
                $crate::limits::$clause(&limits).await;
            }
        )*
    };
}

/// A holder of permits of one semaphore.
struct Holder<'a, L> {
    limits: &'a L,
    semaphore: Semaphore,
    worker: WorkerId,
    held: u32,
    sequence: AtomicU64,
}

impl<'a, L: Limits> Holder<'a, L> {
    fn new(limits: &'a L, worker: u128) -> Self {
        Self::of(limits, worker, "gpu")
    }

    fn of(limits: &'a L, worker: u128, name: &str) -> Self {
        let semaphore = Semaphore { name: name.into(), permits_max: 3 };
        Self { limits, semaphore, worker: WorkerId(worker), held: 0, sequence: AtomicU64::new(0) }
    }

    /// Says what it has, and gets more.
    async fn want(&mut self, wanted: u32) -> u32 {
        let sequence = self.sequence.fetch_add(1, Relaxed) + 1;
        let holding = Holding { holder: self.worker, held: self.held, wanted, sequence };
        let granted = self.limits.hold(&self.semaphore, &holding, TTL).await.unwrap();
        assert!(granted <= wanted, "{granted} of {wanted}");
        self.held += granted;
        granted
    }

    /// Waits until it has so many.
    async fn get(&mut self, permits: u32) {
        until(async || {
            self.want(permits - self.held).await;
            self.held == permits
        })
        .await;
    }

    async fn keep(&mut self, permits: u32) {
        self.held = permits;
        self.want(0).await;
    }
}

/// Whoever holds them.
pub async fn no_more_permits_are_granted_than_there_are(limits: &impl Limits) {
    let (mut one, mut other) = (Holder::new(limits, 1), Holder::new(limits, 2));
    one.get(2).await;

    assert_eq!(other.want(5).await, 1);

    assert_eq!((one.want(1).await, other.want(1).await), (0, 0));
}

/// All ask at once.
pub async fn of_many_who_want_permits_all_have_no_more_than_there_are(limits: &impl Limits) {
    Holder::new(limits, 99).get(1).await;
    let holders = (1..20).map(|worker| async move { Holder::new(limits, worker).want(2).await });

    let granted: u32 = futures::future::join_all(holders).await.into_iter().sum();

    assert_eq!(granted, 2);
}

/// At once.
pub async fn what_a_holder_gives_back_is_granted_to_others(limits: &impl Limits) {
    let (mut one, mut other) = (Holder::new(limits, 1), Holder::new(limits, 2));
    one.get(3).await;

    one.keep(1).await;

    assert_eq!(other.want(3).await, 2);
}

/// Not before their time to live.
pub async fn permits_that_are_not_spoken_of_lapse(limits: &impl Limits) {
    let (mut dead, mut other) = (Holder::new(limits, 1), Holder::new(limits, 2));
    dead.get(3).await;
    dead.keep(3).await;
    let last_heard = Instant::now();

    other.get(3).await;

    // The answer came a little after the service counted from.
    assert!(last_heard.elapsed() >= TTL.mul_f64(0.9), "they lapsed after {:?}", last_heard.elapsed());
}

/// For as long as they are.
pub async fn permits_that_are_spoken_of_stay(limits: &impl Limits) {
    let (mut one, mut other) = (Holder::new(limits, 1), Holder::new(limits, 2));
    one.get(3).await;
    let begun = Instant::now();

    while begun.elapsed() < TTL * 2 {
        one.keep(3).await;
        assert_eq!(other.want(1).await, 0);
    }
}

/// As after the service forgot it.
pub async fn what_a_holder_says_it_has_is_counted(limits: &impl Limits) {
    let (mut known, mut other) = (Holder::new(limits, 1), Holder::new(limits, 2));
    known.get(1).await;
    let mut forgotten = Holder::new(limits, 3);

    forgotten.keep(2).await;

    assert_eq!(other.want(3).await, 0);
    forgotten.keep(1).await;
    assert_eq!(other.want(3).await, 1);
}

/// A command that was stuck on its way.
pub async fn a_call_that_comes_late_changes_nothing(limits: &impl Limits) {
    let (mut one, mut other) = (Holder::new(limits, 1), Holder::new(limits, 2));
    one.get(3).await;
    let late = Holding { holder: one.worker, held: 0, wanted: 3, sequence: 1 };

    assert_eq!(limits.hold(&one.semaphore, &late, TTL).await.unwrap(), 0);

    assert_eq!(other.want(3).await, 0);
}

/// As while a fleet is told of a lower limit, host by host.
pub async fn fewer_permits_than_are_held_grant_nothing(limits: &impl Limits) {
    let (mut one, mut other) = (Holder::new(limits, 1), Holder::new(limits, 2));
    one.get(3).await;

    other.semaphore.permits_max = 2;

    assert_eq!(other.want(1).await, 0);
    one.keep(1).await;
    assert_eq!(other.want(2).await, 1);
}

/// Any text is a name.
pub async fn semaphores_of_other_names_are_others(limits: &impl Limits) {
    for name in ["", "a", "a b", "{a}", "a:b", "%", "ñ"] {
        let mut holder = Holder::of(limits, 1, name);
        holder.get(3).await;
        assert_eq!(Holder::of(limits, 2, name).want(1).await, 0, "{name:?}");
    }
}

fn rate(name: &str) -> RateLimit {
    RateLimit { name: name.into(), rate: Rate::new(10, PER) }
}

async fn draw(limits: &impl Limits, wanted: u32) -> Drawn {
    limits.draw(&rate("mail"), wanted).await.unwrap()
}

/// Waits until the whole of a span can be drawn at once, and draws it.
async fn draw_all(limits: &impl Limits) -> Drawn {
    let mut all = None;
    until(async || {
        let drawn = draw(limits, 10).await;
        if drawn.granted < 10 {
            limits.put_back(&rate("mail"), drawn, drawn.granted).await.unwrap();
            return false;
        }
        all = Some(drawn);
        true
    })
    .await;
    all.expect("it was drawn")
}

/// Wherever the span begins, and whatever was drawn before.
pub async fn in_no_span_more_is_drawn_than_the_rate_allows(limits: &impl Limits) {
    let begun = Instant::now();
    let mut draws: Vec<(Instant, Instant, u32)> = Vec::new();
    while begun.elapsed() < PER * 5 {
        let asked = Instant::now();
        let Drawn { granted, .. } = draw(limits, 3).await;
        draws.push((asked, Instant::now(), granted));
        sleep(Duration::from_millis(2)).await;
    }

    for (_, from, _) in &draws {
        // By the times that leave no doubt: answered after the span began, and asked before it ended.
        let within = draws.iter().filter(|(asked, _, _)| asked >= from && *asked < *from + PER.mul_f64(0.95));
        let together: u32 = within.map(|(_, _, granted)| granted).sum();
        assert!(together <= 10, "{together} within {PER:?}");
    }
    let all: u32 = draws.iter().map(|(_, _, granted)| granted).sum();
    assert!(all >= 20, "{all} within {:?}", PER * 5);
}

/// At once, and not before.
pub async fn after_a_span_as_many_can_be_drawn_again(limits: &impl Limits) {
    draw_all(limits).await;
    let drawn = Instant::now();

    assert_eq!(draw(limits, 1).await.granted, 0);
    draw_all(limits).await;

    assert!(drawn.elapsed() >= PER.mul_f64(0.95), "drawn again after {:?}", drawn.elapsed());
}

/// What is put back, and no more than that.
pub async fn what_is_put_back_can_be_drawn_again(limits: &impl Limits) {
    let drawn = draw_all(limits).await;

    limits.put_back(&rate("mail"), drawn, 4).await.unwrap();

    assert_eq!(draw(limits, 10).await.granted, 4);
}

/// Whoever waits as long as it says gets something.
pub async fn where_less_is_drawn_than_wanted_it_is_told_when_there_is_more(limits: &impl Limits) {
    draw_all(limits).await;

    let Drawn { granted, more_in, .. } = draw(limits, 1).await;

    assert_eq!(granted, 0);
    assert!(!more_in.is_zero() && more_in <= PER.mul_f64(1.2), "{more_in:?}");
    sleep(more_in).await;
    assert_eq!(draw(limits, 1).await.granted, 1);
}

/// Any text is a name.
pub async fn rates_of_other_names_are_others(limits: &impl Limits) {
    let names = ["", "a", "a b", "{a}", "a:b", "%", "ñ"];
    let mut drawn: HashMap<&str, u32> = HashMap::new();

    until(async || {
        for name in names {
            let granted = limits.draw(&rate(name), 1).await.unwrap().granted;
            *drawn.entry(name).or_default() += granted;
        }
        drawn.values().all(|drawn| *drawn >= 5)
    })
    .await;
}
