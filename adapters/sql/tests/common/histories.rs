//! Random histories, played on a store and in memory, are answered alike.

use std::{collections::HashSet, sync::Arc};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use stagemark::{
    MemoryStore, Priority, RunId, Status, Timestamp, WorkerId,
    ports::{
        Change, Claim, Filter, Heartbeats, HeldBeat, Hint, KeptResult, Maker, Marker, NewRun, Phase, QueueEntry,
        ResultKey, RunRow, Served, Store, TaskId, Wanted, Write,
    },
};

use crate::writes::{held, marker};

/// Plays the history of a seed on an empty store.
pub(crate) async fn play(store: &dyn Store, seed: u64) {
    let memory = MemoryStore::new();
    let mut history = History::new(seed);

    for step in 0..60 {
        let question = history.question();
        let (one, two) = (ask(store, &question).await, ask(&memory, &question).await);

        assert_eq!(one, two, "seed {seed}, step {step}: {question:?}");
    }
}

#[derive(Debug)]
enum Question {
    Write(Vec<Write>),
    Claim(Claim),
    Load(Vec<RunId>),
    Heartbeat(Heartbeats),
    List(Filter),
    Graph(u32, Option<String>),
    Unsent(u32),
    Sent(Vec<Hint>),
    Want(Wanted),
    GiveUp(ResultKey, Maker),
    Expire(Timestamp),
}

/// The answer as text, with what is in no order sorted.
async fn ask(store: &dyn Store, question: &Question) -> String {
    match question {
        Question::Write(writes) => format!("{:?}", store.write(writes).await.unwrap()),
        Question::Claim(claim) => {
            let mut claimed = store.claim(claim).await.unwrap();
            claimed.lapsed.sort_unstable();
            let runs: Vec<_> = claimed.runs.iter().map(|run| run.id).collect();
            format!("{runs:?} {:?} {:?}", claimed.lapsed, claimed.next_due)
        }
        Question::Load(runs) => {
            let mut records = store.load(runs).await.unwrap();
            records.sort_by_key(|record| record.id);
            // What was heard of runs that have ended, or tasks that are done, may be dropped at any time.
            for record in &mut records {
                let done = |id: TaskId| {
                    let found = record.markers.iter().find(|marker| marker.id == id);
                    found.is_some_and(|marker| matches!(marker.task.phase, Phase::Done { .. }))
                };
                let ended = record.status.has_ended();
                record.beats.retain(|beat| !ended && !done(beat.id));
            }
            format!("{records:?}")
        }
        Question::Heartbeat(beats) => format!("{:?}", store.heartbeat(beats).await.unwrap().ended),
        Question::List(filter) => format!("{:?}", store.list(filter).await.unwrap()),
        Question::Graph(version, graph) => format!("{:?}", store.graph("w", *version, graph.as_deref()).await.unwrap()),
        Question::Unsent(limit) => {
            // Those of one moment are in no order, so that all are asked for, or none.
            let mut unsent = store.unsent(Timestamp(u64::MAX >> 1), limit * 1000).await.unwrap();
            unsent.sort_by_key(|hint| (hint.run, hint.node));
            format!("{unsent:?}")
        }
        Question::Sent(hints) => format!("{:?}", store.sent(hints).await),
        Question::Want(wanted) => format!("{:?}", store.want(wanted).await.unwrap()),
        Question::GiveUp(key, maker) => format!("{:?}", store.give_up(*key, *maker).await),
        Question::Expire(before) => {
            let removed = store.expire(*before, 1000).await.unwrap();
            let mut outputs = store.outputs().await.unwrap();
            outputs.sort_unstable();
            format!("{removed} {outputs:?}")
        }
    }
}

const LIVE: [Status; 2] = [Status::Queued, Status::Running];
const ENDS: [Status; 3] = [Status::Ready, Status::Failed, Status::Cancelled];

/// Questions about a few runs, so that they meet.
struct History {
    random: StdRng,
    now: u64,
    runs: Vec<RunId>,
    /// Those that may have ended: no run lives again.
    ended: HashSet<RunId>,
}

impl History {
    fn new(seed: u64) -> Self {
        // Few meet often; many make batches that are cut in parts more than once.
        let runs = (0..if seed < 20 { 8 } else { 30 }).map(|_| RunId::new()).collect();
        Self { random: StdRng::seed_from_u64(seed), now: 1000, runs, ended: HashSet::new() }
    }

    fn question(&mut self) -> Question {
        self.now += self.random.random_range(0..20);
        match self.random.random_range(0..24) {
            0..10 => Question::Write(self.writes()),
            10..13 => Question::Claim(self.claim()),
            13..16 => Question::Load(self.runs.clone()),
            16..18 => Question::Heartbeat(self.heartbeats()),
            18 => Question::List(Filter { ended: self.random.random(), now: self.moment(), limit: self.below(10) }),
            19 => self.seldom(),
            _ => self.about_results(),
        }
    }

    fn about_results(&mut self) -> Question {
        match self.below(6) {
            0 => Question::GiveUp(self.key(), self.maker()),
            1 => Question::Expire(self.moment()),
            _ => {
                let (key, step, maker) = (self.key(), "s".into(), self.maker());
                let useless = self.maybe(Self::output);
                Question::Want(Wanted { key, step, maker, now: self.moment(), until: self.moment(), useless })
            }
        }
    }

    fn key(&mut self) -> ResultKey {
        ResultKey([u8::try_from(self.below(3)).unwrap(); 32])
    }

    fn maker(&mut self) -> Maker {
        let run = *self.runs[..3].choose(&mut self.random).unwrap();
        Maker { run, task: TaskId::of(u16::try_from(self.below(2)).unwrap()), worker: self.worker() }
    }

    fn output(&mut self) -> Arc<str> {
        self.below(3).to_string().into()
    }

    fn result(&mut self) -> KeptResult {
        let (key, step, maker) = (self.key(), "s".into(), self.maker());
        KeptResult { key, step, maker, output: self.output(), until: self.moment() }
    }

    fn seldom(&mut self) -> Question {
        match self.below(3) {
            0 => Question::Graph(self.below(3), self.maybe(|me| format!("graph {}", me.now))),
            1 => Question::Unsent(self.below(2)),
            _ => Question::Sent(self.some().into_iter().flat_map(|run| self.hints(run)).collect()),
        }
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.random.random_range(0..limit)
    }

    fn moment(&mut self) -> Timestamp {
        Timestamp(self.now + u64::from(self.below(60)) - 30)
    }

    fn worker(&mut self) -> WorkerId {
        WorkerId(u128::from(self.below(3)) + 1)
    }

    fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.random.random::<bool>().then(|| value(self))
    }

    fn writes(&mut self) -> Vec<Write> {
        let runs = self.some();
        runs.into_iter().map(|run| if self.below(3) == 0 { self.submit(run) } else { self.change(run) }).collect()
    }

    fn some(&mut self) -> Vec<RunId> {
        let size = self.random.random_range(1..=self.runs.len());
        self.runs.choose_multiple(&mut self.random, size).copied().collect()
    }

    fn submit(&mut self, id: RunId) -> Write {
        let key = self.maybe(|me| format!("k{}", me.below(4)));
        let (holder, queue) = (self.maybe(Self::worker), self.queue());
        let (width, (version, priority)) = (self.maybe(|me| me.below(5)), self.kind(id));
        let outbox = self.hints(id);
        Write::Submit(NewRun { key, holder, queue, version, width, priority, outbox, ..held(id) })
    }

    /// The version and the priority of a run: what hints say of it they say alike.
    fn kind(&self, run: RunId) -> (u32, Priority) {
        let nth = self.runs.iter().position(|id| *id == run).unwrap();
        (u32::try_from(nth % 2).unwrap() + 1, Priority::ALL[nth / 2 % 3])
    }

    fn hints(&mut self, run: RunId) -> Vec<Hint> {
        let (version, priority) = self.kind(run);
        let hint = |me: &mut Self, node| Hint {
            run,
            node,
            workflow: "w".into(),
            version,
            pool: format!("pool {}", me.below(2)).into(),
            priority,
            trace: None,
        };
        let nodes = u16::try_from(self.below(3)).unwrap();
        (0..nodes).map(|node| hint(self, node)).collect()
    }

    fn change(&mut self, run: RunId) -> Write {
        let nodes = self.below(4);
        let markers = (0..nodes).map(|node| self.marker(u16::try_from(node).unwrap())).collect();
        let row = self.maybe(|me| me.row(run));
        // Of one batch the order in which results are kept is nowhere told: a few batches keep one.
        let results = if self.below(8) == 0 { vec![self.result()] } else { Vec::new() };
        let (revision, companions) = (u64::from(self.below(3)), Vec::new());
        Write::Change(Change { run, revision, row, markers, companions, results })
    }

    fn marker(&mut self, node: u16) -> Marker {
        let phases = [
            Phase::Queued { due: self.moment() },
            Phase::Leased { worker: self.worker() },
            Phase::Done { width: self.maybe(|me| me.below(5)) },
            Phase::Dead,
            Phase::Dropped,
            Phase::Waiting,
        ];
        let phase = *phases.choose(&mut self.random).unwrap();
        let (error, reused) = (self.maybe(|_| Arc::from("[\"no\"]")), self.below(4) == 0);
        Marker { error, reused, ..marker(node, self.below(4), phase) }
    }

    fn row(&mut self, run: RunId) -> RunRow {
        let ends = self.below(3) == 0 || self.ended.contains(&run);
        self.ended.extend(ends.then_some(run));
        RunRow {
            status: *if ends { &ENDS[..] } else { &LIVE[..] }.choose(&mut self.random).unwrap(),
            holder: self.maybe(Self::worker),
            queue: self.queue(),
            outbox: self.hints(run),
            error: self.maybe(|_| Arc::from("{}")),
            ended: self.maybe(Self::moment),
        }
    }

    fn queue(&mut self) -> Vec<QueueEntry> {
        (0..self.below(3)).map(|node| QueueEntry { node: u16::try_from(node).unwrap(), due: self.moment() }).collect()
    }

    fn claim(&mut self) -> Claim {
        let served = (0..3_u16).map(|node| Served {
            workflow: "w".into(),
            version: self.below(2) + 1,
            node,
            room: self.below(4),
        });
        let served = served.collect();
        let now = self.moment();
        let hinted = if self.below(3) == 0 { self.some() } else { Vec::new() };
        Claim { worker: self.worker(), now, reserved: Timestamp(now.0 + 50), served, hinted, lapsed: 100 }
    }

    fn heartbeats(&mut self) -> Heartbeats {
        let count = self.random.random_range(0..=self.runs.len());
        let runs: Vec<RunId> = self.runs.choose_multiple(&mut self.random, count).copied().collect();
        let beats = runs.into_iter().map(|run| (run, self.beat())).collect();
        let now = self.moment();
        Heartbeats { worker: self.worker(), now, until: self.moment(), beats, watching: self.runs.clone() }
    }

    fn beat(&mut self) -> HeldBeat {
        HeldBeat {
            id: TaskId::of(u16::try_from(self.below(4)).unwrap()),
            attempt: self.below(4),
            fraction: f64::from(self.below(11)) / 10.0,
            message: "half".into(),
            details: self.maybe(|_| Arc::from("{\"at\":1}")),
        }
    }
}
