//! The driver: a wheel, claim -> execute -> decide -> commit, that carries runs to their ends.
//!
//! [`claim`] finds runs, [`active`] carries one, [`turn`] decides and [`commit`] makes it durable;
//! [`relay`] and [`listen`] send and hear hints; [`heart`] keeps the worker's lease; [`permits`] and [`live`] are for
//! the whole fleet. State is in the store alone: what is here can be lost at any moment.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use dashmap::{DashMap, Entry};
use stagemark_rules::{TaskId, WorkerId};
use tokio::sync::{
    Notify,
    mpsc::{self, UnboundedReceiver},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Attempt, RunId,
    attempt::{Heartbeat, Listen, Places},
    ports::{Dedup, Hint, Record, Store, StoreError, StoreErrorKind},
    schedule::Planned,
    workflow::Plan,
};

pub(crate) mod active;
pub(crate) mod aid;
mod claim;
pub(crate) mod clock;
pub(crate) mod commit;
mod execute;
mod heart;
pub(crate) mod interest;
pub(crate) mod ledger;
mod listen;
pub(crate) mod live;
pub(crate) mod meters;
pub(crate) mod permits;
pub(crate) mod relay;
pub(crate) mod results;
pub(crate) mod schedules;
pub(crate) mod slots;
pub(crate) mod stats;
pub(crate) mod turn;
pub(crate) mod values;

use active::{Active, Message};
use aid::Aid;
use clock::{Clock, Pause};
use commit::Committer;
use interest::{Interest, Seen};
use ledger::Ledger;
use live::Reporter;
use meters::Meters;
use relay::Relay;
use results::Lines;
use slots::Slots;

/// How long a worker that shuts down goes on trying a store that fails.
const LAST_TRIES: Duration = Duration::from_secs(5);

/// How a worker behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) lease: Duration,
    pub(crate) poll: Duration,
}

/// A worker process, as its parts share it.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) worker: WorkerId,
    pub(crate) clock: Clock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) committer: Committer,
    pub(crate) plans: HashMap<(Arc<str>, u32), Arc<Plan>>,
    /// The graphs of workflows that are not served here, as far as they were asked for.
    graphs: DashMap<(Arc<str>, u32), Arc<Plan>>,
    pub(crate) settings: Settings,
    pub(crate) slots: Slots,
    pub(crate) pools: Vec<Arc<str>>,
    pub(crate) relay: Relay,
    pub(crate) dedup: Option<Aid<dyn Dedup>>,
    pub(crate) live: Option<Reporter>,
    pub(crate) places: Arc<Places>,
    pub(crate) interest: Arc<Interest>,
    pub(crate) meters: Meters,
    lines: Lines,
    /// The runs that are carried on here, and how to reach them.
    pub(crate) active: DashMap<RunId, mpsc::UnboundedSender<Message>>,
    /// The attempts that have reported.
    reporting: DashMap<(RunId, TaskId, u32), Attempt>,
    pub(crate) tracker: TaskTracker,
    /// No lease is taken any more.
    pub(crate) closing: CancellationToken,
    /// The grace of what still runs is over.
    pub(crate) expired: CancellationToken,
    /// Nothing runs any more.
    pub(crate) over: CancellationToken,
    leased_until: AtomicU64,
    backlog: AtomicBool,
    news: Notify,
}

/// What a driver is made of.
pub(crate) struct Parts {
    pub(crate) worker: WorkerId,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) committer: Committer,
    pub(crate) plans: HashMap<(Arc<str>, u32), Arc<Plan>>,
    pub(crate) settings: Settings,
    pub(crate) slots: Slots,
    pub(crate) pools: Vec<Arc<str>>,
    pub(crate) relay: Relay,
    pub(crate) dedup: Option<Aid<dyn Dedup>>,
    pub(crate) live: Option<Reporter>,
    pub(crate) places: Arc<Places>,
}

impl Driver {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let Parts { worker, store, committer, plans, settings, slots, pools, relay, dedup, live, places } = parts;
        let meters = Meters::new(plans.iter().map(|((workflow, _), plan)| (workflow, plan)));
        Arc::new(Self {
            worker,
            clock: Clock::new(),
            store,
            committer,
            plans,
            graphs: DashMap::new(),
            settings,
            slots,
            pools,
            relay,
            dedup,
            live,
            places,
            interest: Arc::default(),
            meters,
            lines: Lines::default(),
            active: DashMap::new(),
            reporting: DashMap::new(),
            tracker: TaskTracker::new(),
            closing: CancellationToken::new(),
            expired: CancellationToken::new(),
            over: CancellationToken::new(),
            leased_until: AtomicU64::new(0),
            // What was left from before is looked for first.
            backlog: AtomicBool::new(true),
            news: Notify::new(),
        })
    }

    /// Sets the wheel in motion.
    pub(crate) fn turn_on(self: &Arc<Self>, hints: UnboundedReceiver<Vec<Hint>>, schedules: Vec<Planned>) {
        if !schedules.is_empty() {
            self.tracker.spawn(schedules::keep(Arc::clone(self), schedules));
        }
        self.tracker.spawn(claim::sweep(Arc::clone(self)));
        tokio::spawn(heart::beat(Arc::clone(self)));
        if self.live.is_some() {
            tokio::spawn(live::tell(Arc::clone(self)));
        }
        if self.slots.permits.are_needed() {
            tokio::spawn(permits::keep(Arc::clone(self)));
        }
        if self.plans.values().any(|plan| plan.keeps_results()) {
            self.tracker.spawn(results::sweep(Arc::clone(self)));
        }
        let Some(dispatch) = self.relay.dispatch() else { return };
        tokio::spawn(relay::relay(Arc::clone(self), Arc::clone(&dispatch), hints));
        if !self.plans.is_empty() {
            self.tracker.spawn(listen::listen(Arc::clone(self), dispatch));
        }
    }

    /// The plan that is served under this name and version.
    pub(crate) fn served(&self, workflow: &Arc<str>, version: u32) -> Option<Arc<Plan>> {
        self.plans.get(&(Arc::clone(workflow), version)).cloned()
    }

    /// The plan that is served, or else what those who serve it have kept of it.
    pub(crate) async fn plan(&self, workflow: &Arc<str>, version: u32) -> Result<Option<Arc<Plan>>, StoreError> {
        let key = (Arc::clone(workflow), version);
        if let Some(known) = self.plans.get(&key).cloned().or_else(|| self.graphs.get(&key).as_deref().cloned()) {
            return Ok(Some(known));
        }
        let Some(graph) = self.store.graph(workflow, version, None).await? else { return Ok(None) };
        let drawn = Plan::of_graph(version, &graph).map_err(|error| StoreError {
            doing: "reading the graph of a workflow",
            kind: StoreErrorKind::Unreadable,
            source: Some(error.into()),
        })?;
        Ok(Some(Arc::clone(&self.graphs.entry(key).or_insert_with(|| Arc::new(drawn)))))
    }

    /// Hands a stored run to its task here, which is begun if there is none.
    pub(crate) fn deliver(self: &Arc<Self>, plan: Arc<Plan>, record: Record, message: impl FnOnce(Record) -> Message) {
        let id = record.id;
        match self.active.entry(id) {
            // It cannot leave without reading this: it removes itself only while its mailbox is empty.
            Entry::Occupied(active) => drop(active.get().send(message(record))),
            Entry::Vacant(place) => {
                let (address, mailbox) = mpsc::unbounded_channel();
                let ledger = Ledger::of(plan, record.clone());
                drop(address.send(message(record)));
                place.insert(address);
                self.tracker.spawn(Active::new(Arc::clone(self), ledger, mailbox).carry_on());
            }
        }
    }

    /// Something was queued here: it is told to other workers, and looked for.
    pub(crate) fn queued(&self, hints: Vec<Hint>) {
        self.relay.send(hints);
        self.look();
    }

    /// Has the queue looked into.
    pub(crate) fn look(&self) {
        self.backlog.store(true, Relaxed);
        self.news.notify_one();
    }

    /// A slot is free again.
    pub(crate) fn freed(&self) {
        if self.backlog.load(Relaxed) {
            self.news.notify_one();
        }
    }

    fn set_backlog(&self, backlog: bool) {
        self.backlog.store(backlog, Relaxed);
    }

    /// Whether runs are waiting in the queue, as far as is known here.
    pub(crate) fn has_backlog(&self) -> bool {
        self.backlog.load(Relaxed)
    }

    async fn news(&self) {
        self.news.notified().await;
    }

    /// Whether a store that fails is tried again: always, but when the worker shuts down, for a while.
    fn has_time(&self, pause: &Pause) -> bool {
        !self.expired.is_cancelled() || pause.total() < LAST_TRIES
    }

    /// Takes an attempt that ended from those that report; gives what it reported last.
    fn forget(&self, attempt: &Attempt) -> Option<Heartbeat> {
        for member in attempt.members() {
            let _told = self.forget(member);
        }
        let heard = attempt.heard()?;
        let identity = attempt.identity();
        self.reporting.remove(&(identity.run, identity.task, identity.number));
        Some(heard)
    }

    /// What was last heard here from an attempt.
    pub(crate) fn heard(&self, run: RunId, task: TaskId, attempt: u32) -> Option<Heartbeat> {
        self.reporting.get(&(run, task, attempt)).and_then(|attempt| attempt.heard())
    }
}

impl Listen for Driver {
    fn heard(&self, attempt: &Attempt, first: bool) {
        let identity = attempt.identity();
        if first {
            self.reporting.insert((identity.run, identity.task, identity.number), attempt.clone());
        }
        self.interest.tell(identity.run, Seen::Moved);
    }
}
