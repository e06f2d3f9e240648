//! Permits for steps that are limited over the whole fleet: got before a claim, held while attempts run, renewed, and
//! given back when they are not used.
//!
//! What is in hand here is never more than the service has down for this worker: it is raised after an answer, and
//! lowered before the service is told.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use stagemark_rules::WorkerId;
use tokio::{
    sync::{Mutex as Turns, Notify},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{Driver, aid::Aid};
use crate::{
    Name, Options, Rate,
    ports::{Drawn, Holding, Limits, RateLimit, Semaphore},
};

/// How long a permit is kept for the attempt that follows, before it is given back.
const KEPT: Duration = Duration::from_millis(200);
/// How long a claim waits for permits at most: unlimited steps are claimed by it too.
const PREPARED: Duration = Duration::from_millis(200);

/// What this worker has of all limits.
#[derive(Debug, Default)]
pub(crate) struct Permits {
    steps: HashMap<Name, Arc<Limited>>,
    /// Something in hand is not used.
    unused: Arc<Notify>,
}

/// What this worker has of the limits of one step.
#[derive(Debug)]
struct Limited {
    limits: Arc<Aid<dyn Limits>>,
    holder: WorkerId,
    time_to_live: Duration,
    semaphore: Option<Semaphore>,
    rate: Option<Drawing>,
    hand: Mutex<Hand>,
    /// There is more in hand than before.
    more: Notify,
    /// The sequence of the last exchange with the service: there is one at a time.
    exchange: Turns<u64>,
}

#[derive(Debug)]
struct Drawing {
    /// Over a little more than the span that was asked for, since what is drawn is used a little later.
    limit: RateLimit,
    /// How much later.
    kept: Duration,
}

#[derive(Debug)]
struct Hand {
    /// Permits that no attempt uses.
    spare: u32,
    /// Permits that attempts use.
    used: u32,
    /// Until when the permits are this worker's.
    until: Instant,
    /// What was drawn last, and how much of it is not used.
    draw: Option<(Drawn, u32)>,
    /// Until when what was drawn may be used.
    drawn_until: Instant,
}

/// The right to begin one attempt of a limited step; dropped, it is there for the next.
#[derive(Debug)]
pub(crate) struct Permit {
    limited: Arc<Limited>,
    unused: Arc<Notify>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.limited.semaphore.is_some() {
            let mut hand = self.limited.hand();
            (hand.used, hand.spare) = (hand.used - 1, hand.spare + 1);
            drop(hand);
            self.limited.more.notify_waiters();
            self.unused.notify_one();
        }
    }
}

impl Permits {
    /// The limits of these steps; those of steps with one name are one, and the lowest holds.
    pub(crate) fn new<'a>(
        limits: &Arc<Aid<dyn Limits>>,
        holder: WorkerId,
        time_to_live: Duration,
        steps: impl Iterator<Item = (Name, &'a Options)>,
    ) -> Self {
        let mut lowest: HashMap<Name, (Option<u32>, Option<Rate>)> = HashMap::new();
        for (step, options) in steps.filter(|(_, options)| options.is_limited()) {
            let (fleet, rate) = lowest.entry(step).or_default();
            *fleet = [*fleet, options.fleet_limit].into_iter().flatten().min();
            *rate = [*rate, options.rate].into_iter().flatten().reduce(Rate::lower);
        }
        let limited = |(step, (fleet, rate)): (Name, (Option<u32>, Option<Rate>))| {
            let name: Arc<str> = Arc::from(step.as_str());
            let semaphore = fleet.map(|permits_max| Semaphore { name: Arc::clone(&name), permits_max });
            let rate = rate.map(|rate| Drawing::new(name, rate));
            let (hand, more, exchange) = (Mutex::new(Hand::empty()), Notify::new(), Turns::new(0));
            let limits = Arc::clone(limits);
            (step, Arc::new(Limited { limits, holder, time_to_live, semaphore, rate, hand, more, exchange }))
        };
        Self { steps: lowest.into_iter().map(limited).collect(), unused: Arc::default() }
    }

    /// The permit that an attempt of a step needs; `Err` where it needs one and there is none in hand.
    pub(crate) fn take(&self, step: Name) -> Result<Option<Permit>, NoPermit> {
        let Some(limited) = self.steps.get(&step) else { return Ok(None) };
        let mut hand = limited.hand();
        if limited.free(&hand) == 0 {
            return Err(NoPermit);
        }
        if limited.semaphore.is_some() {
            (hand.used, hand.spare) = (hand.used + 1, hand.spare - 1);
        }
        if let Some((_, unused)) = &mut hand.draw {
            *unused -= 1;
        }
        drop(hand);
        Ok(Some(Permit { limited: Arc::clone(limited), unused: Arc::clone(&self.unused) }))
    }

    /// How many attempts of a step the permits in hand allow.
    pub(crate) fn free(&self, step: Name) -> u32 {
        self.steps.get(&step).map_or(u32::MAX, |limited| limited.free(&limited.hand()))
    }

    /// Waits until there is a permit in hand for a step, where it needs one.
    pub(crate) async fn room_for(&self, step: Name) {
        let Some(limited) = self.steps.get(&step) else { return };
        loop {
            let more = limited.more.notified();
            if self.free(step) > 0 {
                return;
            }
            more.await;
        }
    }

    /// Whether any step is limited.
    pub(crate) fn are_needed(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Gets permits for as many attempts of each step as there is room for; tells how soon more can be had, where it
    /// is known.
    async fn gather(&self, room: &(dyn Fn(Name) -> u32 + Sync)) -> Option<Duration> {
        let all = self.steps.iter().map(|(step, limited)| limited.gather(room(*step)));
        join_all(all).await.into_iter().flatten().min()
    }

    async fn renew(&self) {
        join_all(self.steps.values().map(|limited| limited.renew())).await;
    }

    /// Has what no attempt uses given back a little later.
    pub(super) fn keep_a_while(&self) {
        self.unused.notify_one();
    }

    /// Gives back what no attempt uses.
    pub(crate) async fn give_back(&self) {
        join_all(self.steps.values().map(|limited| limited.give_back())).await;
    }
}

/// There is no permit in hand for a step that needs one.
#[derive(Debug)]
pub(crate) struct NoPermit;

impl Limited {
    fn free(&self, hand: &Hand) -> u32 {
        let now = Instant::now();
        let held = if now < hand.until { hand.spare } else { 0 };
        let drawn = hand.draw.filter(|_| now < hand.drawn_until).map_or(0, |(_, unused)| unused);
        let of = |limited: bool, permits| if limited { permits } else { u32::MAX };
        of(self.semaphore.is_some(), held).min(of(self.rate.is_some(), drawn))
    }

    async fn gather(&self, mut room: u32) -> Option<Duration> {
        if room == 0 {
            return None;
        }
        let mut sequence = self.exchange.lock().await;
        if let Some(semaphore) = &self.semaphore {
            room = room.min(semaphore.permits_max);
            let (spare, _) = self.held();
            if spare < room {
                self.hold(semaphore, &mut sequence, room - spare).await;
            }
            room = room.min(self.held().0);
        }
        match &self.rate {
            Some(drawing) if room > 0 => self.draw(drawing, room).await,
            _ => None,
        }
    }

    async fn renew(&self) {
        let Some(semaphore) = &self.semaphore else { return };
        let mut sequence = self.exchange.lock().await;
        self.hold(semaphore, &mut sequence, 0).await;
    }

    async fn give_back(&self) {
        let mut sequence = self.exchange.lock().await;
        let spare = std::mem::take(&mut self.hand().spare);
        if let (Some(semaphore), 1..) = (&self.semaphore, spare) {
            self.hold(semaphore, &mut sequence, 0).await;
        }
        if let Some(drawing) = &self.rate {
            self.put_back(drawing).await;
        }
    }

    /// The permits in hand, spare and used. Spare ones that were not renewed in time may be in other hands.
    fn held(&self) -> (u32, u32) {
        let mut hand = self.hand();
        if Instant::now() >= hand.until {
            hand.spare = 0;
        }
        (hand.spare, hand.used)
    }

    async fn hold(&self, semaphore: &Semaphore, sequence: &mut u64, wanted: u32) {
        *sequence += 1;
        let asked = Instant::now();
        let (spare, used) = self.held();
        let holding = Holding { holder: self.holder, held: spare + used, wanted, sequence: *sequence };
        let limits = &self.limits;
        if let Some(granted) = limits.ask(limits.port.hold(semaphore, &holding, self.time_to_live)).await {
            let mut hand = self.hand();
            hand.spare += granted;
            hand.until = asked + self.time_to_live;
            drop(hand);
            if granted > 0 {
                self.more.notify_waiters();
            }
        }
    }

    async fn draw(&self, Drawing { limit, kept }: &Drawing, room: u32) -> Option<Duration> {
        if self.free(&self.hand()) > 0 {
            return None;
        }
        let (asked, limits) = (Instant::now(), &self.limits);
        let wanted = room.min(limit.rate.count());
        let drawn = limits.ask(limits.port.draw(limit, wanted)).await?;
        let mut hand = self.hand();
        (hand.draw, hand.drawn_until) = (Some((drawn, drawn.granted)), asked + *kept);
        drop(hand);
        self.more.notify_waiters();
        (drawn.granted < wanted).then_some(drawn.more_in)
    }

    async fn put_back(&self, drawing: &Drawing) {
        let left = self.hand().draw.take();
        if let Some((draw, unused @ 1..)) = left {
            let limits = &self.limits;
            // Where it is not put back, it counts as used.
            limits.ask(limits.port.put_back(&drawing.limit, draw, unused)).await;
        }
    }

    fn hand(&self) -> MutexGuard<'_, Hand> {
        self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drawing {
    fn new(name: Arc<str>, rate: Rate) -> Self {
        let kept = (rate.per() / 10).clamp(KEPT / 10, KEPT);
        Self { limit: RateLimit { name, rate: Rate::new(rate.count(), rate.per() + kept) }, kept }
    }
}

impl Hand {
    fn empty() -> Self {
        let now = Instant::now();
        Self { spare: 0, used: 0, until: now, draw: None, drawn_until: now }
    }
}

/// Gets permits before a claim, for as long as the queue can wait for them: others wait for it too.
pub(super) async fn prepare(driver: &Arc<Driver>) -> Option<Duration> {
    if !driver.slots.permits.are_needed() {
        return None;
    }
    let asking = Arc::clone(driver);
    let mut gathered = driver.tracker.spawn(async move {
        let room = |step| asking.slots.unlimited(step);
        asking.slots.permits.gather(&room).await
    });
    if let Ok(more_in) = timeout(PREPARED, &mut gathered).await {
        return more_in.ok().flatten();
    }
    let driver_of_late = Arc::clone(driver);
    driver.tracker.spawn(async move {
        // What comes late is used by a look of its own.
        drop(gathered.await);
        driver_of_late.look();
    });
    None
}

/// Renews the permits, and gives back those that nobody uses, until the worker is at its end.
pub(super) async fn keep(driver: Arc<Driver>) {
    let permits = &driver.slots.permits;
    loop {
        permits.renew().await;
        let next = Instant::now() + driver.settings.lease / 3;
        loop {
            tokio::select! {
                () = driver.over.cancelled() => return,
                () = sleep_until(next) => break,
                () = permits.unused.notified() => {
                    sleep(KEPT).await;
                    permits.give_back().await;
                }
            }
        }
    }
}
