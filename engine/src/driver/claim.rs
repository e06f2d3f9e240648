//! The sweeper: finds runs in the queue and runs whose worker is gone, when there is room for them.
//!
//! It looks when something was queued here, when a place in the queue falls due, when a slot is free again and more
//! was waiting, and at each poll interval: what nobody was told of is found then.

use std::{sync::Arc, time::Duration};

use stagemark_rules::{Kind, Timestamp};
use tokio::time::sleep;

use super::{
    Driver,
    active::Message,
    clock::{Pause, jittered},
    permits::prepare,
};
use crate::{
    RunId,
    ports::{Claim, Claimed, Served, StoreError},
    workflow::Plan,
};

/// How long news is gathered before the store is asked: one claim then serves many.
const GATHER: Duration = Duration::from_millis(2);
/// How soon to look again at the earliest where a rate limit let nothing through.
const MORE: Duration = Duration::from_millis(10);
/// How soon to look again after taking runs over: there may be more than are taken over at a time.
const TAKE_OVER: Duration = Duration::from_millis(50);
/// How far the clocks of two workers may be apart: a hint may come before what it tells of is due here.
const CLOCKS_APART: Duration = Duration::from_millis(100);
/// How many timers of a node are ended by one claim.
const TIMERS_MAX: u32 = 256;
/// How many runs of lapsed workers are taken over at a time.
const LAPSED_MAX: u32 = 64;

pub(super) async fn sweep(driver: Arc<Driver>) {
    let mut trouble = Pause::default();
    let mut failing = false;
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            () = driver.closing.cancelled() => return,
            () = sleep(wait) => {}
            () = driver.news() => sleep(GATHER).await,
        }
        match claim(&driver).await {
            Ok(next) => {
                (trouble, failing) = (Pause::default(), false);
                wait = next;
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the queue cannot be read; it is tried again");
                }
                wait = trouble.next();
            }
        }
    }
}

/// Claims the runs that hints name, as far as there is room.
pub(super) async fn hinted(driver: &Arc<Driver>, hinted: Vec<RunId>) -> Result<(), StoreError> {
    // Where permits are short, the next look comes soon enough.
    let _more_in = prepare(driver).await;
    let now = driver.clock.now();
    let asked = hinted.len();
    let claim = Claim { hinted, lapsed: 0, ..request(driver, now) };
    let claimed = driver.store.claim(&claim).await?;
    // What found no room is found by the next look. Most hints that lead to nothing are late ones: others were faster.
    let is_short = claim.served.iter().any(|served| served.room as usize <= claimed.runs.len());
    let is_vain = claimed.runs.len() < asked;
    if is_vain && is_short {
        driver.set_backlog(true);
    }
    driver.slots.permits.keep_a_while();
    let next = hand_out(driver, claimed, now);
    if is_vain && next <= CLOCKS_APART {
        driver.look();
    }
    Ok(())
}

fn request(driver: &Driver, now: Timestamp) -> Claim {
    let reserved = now.after(driver.settings.poll);
    let served = served(driver).chain(timers(driver)).collect();
    Claim { worker: driver.worker, now, reserved, served, hinted: Vec::new(), lapsed: LAPSED_MAX }
}

/// Claims what there is room for; tells how long to wait before the next look.
async fn claim(driver: &Arc<Driver>) -> Result<Duration, StoreError> {
    if driver.plans.is_empty() {
        return Ok(jittered(driver.settings.poll));
    }
    let more_in = prepare(driver).await.map_or(Duration::MAX, |more_in| more_in.max(MORE));
    let now = driver.clock.now();
    let claim = request(driver, now);
    let claimed = driver.store.claim(&claim).await;
    unused(driver, claimed.as_ref().is_ok_and(|claimed| !claimed.runs.is_empty()));
    let claimed = claimed?;
    // Where no room was left, or all of it was used, more may be waiting.
    let is_timer =
        |one: &Served| driver.served(&one.workflow, one.version).is_some_and(|plan| plan.shape.is_timer(one.node));
    let room: u32 = claim.served.iter().filter(|one| !is_timer(one)).map(|one| one.room).max().unwrap_or(0);
    driver.set_backlog(room == 0 || claimed.runs.len() >= room as usize);
    Ok(hand_out(driver, claimed, now).min(more_in))
}

/// Gives back permits that were got for a claim: a little later where runs were claimed, which take some of them.
fn unused(driver: &Arc<Driver>, later: bool) {
    if !driver.slots.permits.are_needed() {
        return;
    }
    if later {
        return driver.slots.permits.keep_a_while();
    }
    let driver = Arc::clone(driver);
    driver.tracker.clone().spawn(async move { driver.slots.permits.give_back().await });
}

fn hand_out(driver: &Arc<Driver>, claimed: Claimed, now: Timestamp) -> Duration {
    let Claimed { runs, lapsed, next_due } = claimed;
    if !lapsed.is_empty() {
        tracing::warn!(workers = lapsed.len(), "workers were not heard of until their leases ended; taking over");
    }
    for record in runs {
        let Some(plan) = driver.served(&record.workflow, record.version) else { continue };
        driver.deliver(plan, record, |record| Message::Claimed(Box::new(record), lapsed.clone()));
    }
    if !lapsed.is_empty() {
        return TAKE_OVER;
    }
    let poll = jittered(driver.settings.poll);
    next_due.map_or(poll, |due| Duration::from_millis(due.0.saturating_sub(now.0)).min(poll))
}

/// What this worker serves, and the room for it.
fn served(driver: &Driver) -> impl Iterator<Item = Served> + '_ {
    nodes(driver).filter_map(|(workflow, plan, node)| {
        let at = usize::from(node);
        let room = match (plan.shape.nodes()[at].kind, plan.attempt_from(at)) {
            (Kind::Input, _) => room_to_begin(driver, plan),
            (Kind::Step | Kind::Each, Some(planned)) => driver.slots.free(&planned.slots),
            _ => return None,
        };
        Some(Served { workflow: Arc::clone(workflow), version: plan.version, node, room })
    })
}

/// The timers of what this worker serves: they take no slot, and whoever comes first ends them.
fn timers(driver: &Driver) -> impl Iterator<Item = Served> + '_ {
    let timers = nodes(driver).filter(|(_, plan, node)| plan.shape.is_timer(*node));
    timers.map(|(workflow, plan, node)| Served {
        workflow: Arc::clone(workflow),
        version: plan.version,
        node,
        room: TIMERS_MAX,
    })
}

fn nodes(driver: &Driver) -> impl Iterator<Item = (&Arc<str>, &Arc<Plan>, u16)> {
    driver.plans.iter().flat_map(|((workflow, _), plan)| {
        let count = u16::try_from(plan.shape.nodes().len()).unwrap_or(u16::MAX);
        (0..count).map(move |node| (workflow, plan, node))
    })
}

/// The room for runs that have not begun: that of the steps which take the input. A timer that does needs none.
fn room_to_begin(driver: &Driver, plan: &Plan) -> u32 {
    let mut is_input = Vec::new();
    let mut room = None;
    for (at, node) in plan.shape.nodes().iter().enumerate() {
        let planned = plan.attempt_from(at);
        let takes_input = node.inputs.iter().all(|from| is_input[usize::from(*from)]);
        is_input.push(takes_input && planned.is_none());
        if let (true, Some(planned)) = (takes_input, planned) {
            room = room.max(Some(driver.slots.free(&planned.slots)));
        }
        if takes_input && node.kind == Kind::Timer {
            room = Some(TIMERS_MAX);
        }
    }
    room.unwrap_or_else(|| driver.slots.free_in_all())
}
