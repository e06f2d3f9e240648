//! Receives hints, over a connection of its own that is made anew as often as it is lost.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    error::Error,
    future::pending,
    mem::replace,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use futures::future::try_join_all;
use stagemark::{
    Priority,
    ports::{Delivery, Hint},
};
use tokio::{
    sync::{Mutex, MutexGuard, mpsc::UnboundedSender},
    time::{Instant, sleep, timeout},
};

use crate::{
    AmqpError,
    builder::Settings,
    connection::Line,
    dead_letter::DeadLetter,
    message::{Message, read},
    pause::Pause,
    queue::{LEFT_ALONE, Queues},
    receipts::Receipts,
    session::{Arrival, Event, Session},
};

/// A session that held so long did not fail because of how it was made.
const STEADY: Duration = Duration::from_secs(10);
/// So long nobody asks for hints before those at hand are given back: there is no room here, and others may have some.
/// The broker, too, ends a channel that holds messages for long (after half an hour, by default).
const RELEASE_AFTER: Duration = Duration::from_secs(5);
const RELEASE_LOOK: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Receiver {
    settings: Arc<Settings>,
    dead_letters: UnboundedSender<DeadLetter>,
    state: Mutex<State>,
    receipts: Receipts,
}

#[derive(Debug)]
struct State {
    line: Option<Line>,
    session: Option<Session>,
    /// What is at hand: the highest priority first, then the first that came.
    ready: BTreeMap<(Reverse<Priority>, u64), Hint>,
    pause: Pause,
    /// Whether those who call know that there is no connection.
    is_told: bool,
    used: Instant,
}

impl Receiver {
    pub(crate) fn new(settings: Arc<Settings>, receipts: Receipts, dead_letters: UnboundedSender<DeadLetter>) -> Self {
        let state = State {
            line: None,
            session: None,
            ready: BTreeMap::new(),
            pause: Pause::default(),
            is_told: false,
            used: Instant::now(),
        };
        Self { settings, dead_letters, state: Mutex::new(state), receipts }
    }

    /// Waits for hints. The first call that finds no broker says so; those after it wait until there is one.
    pub(crate) async fn receive(&self, pools: &[Arc<str>], limit: usize) -> Result<Vec<Delivery>, AmqpError> {
        if pools.is_empty() {
            return pending().await;
        }
        let mut state = Use(self.state.lock().await);
        if state.session.as_ref().is_some_and(|session| !session.is_of(pools)) {
            self.give_back(&mut state);
        }
        loop {
            let mut arrival = self.session(&mut state, pools).await?.next_at_hand();
            if state.ready.is_empty() && arrival.is_none() {
                arrival = self.next(&mut state).await;
            }
            while let Some((pool, event)) = arrival {
                match event {
                    Event::Message(message) => self.sort(&mut state, &pool, *message),
                    Event::End(error) => self.lost(&mut state, &pool, error).await,
                }
                arrival = state.session.as_mut().and_then(Session::next_at_hand);
            }
            if !state.ready.is_empty() {
                return Ok(Self::hand_out(&mut state, limit));
            }
        }
    }

    /// Acknowledges what was handed out. What came before a fault is not known any more, and comes again.
    pub(crate) async fn settle(&self, deliveries: &[Delivery]) -> Result<(), AmqpError> {
        let acks = self.receipts.acknowledge(deliveries.iter().map(|delivery| delivery.tag));
        let acks = try_join_all(acks.iter().map(|(acker, options)| acker.ack(*options)));
        let limit = self.settings.limit;
        timeout(limit, acks).await.map_err(|_| AmqpError::Silent { limit })??;
        Ok(())
    }

    /// Gives hints back while nobody asks for any.
    pub(crate) async fn release(self: Arc<Self>) {
        loop {
            sleep(RELEASE_LOOK).await;
            // It is locked while somebody asks.
            if let Ok(mut state) = self.state.try_lock()
                && state.session.is_some()
                && state.used.elapsed() >= RELEASE_AFTER
            {
                tracing::debug!(hints = state.ready.len(), "nobody asks for hints; they are left to others");
                self.give_back(&mut state);
            }
        }
    }

    /// The session, which is opened where there is none.
    async fn session<'a>(&self, state: &'a mut State, pools: &[Arc<str>]) -> Result<&'a mut Session, AmqpError> {
        while state.session.is_none() {
            match self.open(state, pools).await {
                Ok(session) => (state.session, state.is_told) = (Some(session), false),
                Err(error) => {
                    state.line = None;
                    if !replace(&mut state.is_told, true) {
                        return Err(error);
                    }
                    tracing::debug!(error = &error as &dyn Error, "there is no connection for hints yet");
                    state.pause.wait().await;
                }
            }
        }
        Ok(state.session.as_mut().expect("it was opened"))
    }

    async fn open(&self, state: &mut State, pools: &[Arc<str>]) -> Result<Session, AmqpError> {
        let line = match state.line.take().filter(Line::is_alive) {
            Some(line) => line,
            None => Line::open(&self.settings, "receives").await?,
        };
        Session::open(state.line.insert(line), &self.settings, pools).await
    }

    /// What comes next; where nothing comes for long, it is seen to that this is not the consumers' fault.
    async fn next(&self, state: &mut State) -> Option<Arrival> {
        let session = state.session.as_mut()?;
        if let Ok(arrival) = timeout(self.settings.quiet, session.next()).await {
            return Some(arrival);
        }
        // While some are not settled, the broker may be right to hold the others back.
        if self.receipts.are_none() {
            let deaf = timeout(self.settings.limit, session.is_deaf()).await;
            // No answer is a bad one.
            if !matches!(deaf, Ok(Ok(false))) {
                tracing::warn!("hints wait in the queues and do not come; the consumers are set up again");
                self.give_back(state);
            }
        }
        None
    }

    /// Puts a message where it belongs.
    fn sort(&self, state: &mut State, pool: &Arc<str>, message: lapin::message::Delivery) {
        let lapin::message::Delivery { data, properties, acker, delivery_tag, .. } = message;
        let tag = self.receipts.note(delivery_tag, acker.clone());
        match read(pool, &data, &properties) {
            Ok(hint) => {
                state.ready.insert((Reverse(hint.priority), tag), hint);
            }
            Err(reason) => {
                tracing::warn!(%pool, %reason, "a message cannot be read; it is set aside");
                // The session has made these queues, so that they have names.
                let Ok(queues) = Queues::of(&self.settings.prefix, pool) else { return };
                let message = Message::dead(queues, data, &properties, &reason);
                // Its receiver ends with this.
                let _ended = self.dead_letters.send(DeadLetter { message, acker, tag });
            }
        }
    }

    /// Ends a session of which a consumer has ended; what is at hand comes again.
    async fn lost(&self, state: &mut State, pool: &str, error: Option<lapin::Error>) {
        let is_queue = state.line.as_ref().is_some_and(Line::is_alive);
        tell_of_end(pool, error.as_ref(), is_queue);
        let held = state.session.as_ref().is_some_and(|session| session.began.elapsed() >= STEADY);
        self.give_back(state);
        if is_queue {
            sleep(LEFT_ALONE).await;
        }
        if held {
            state.pause = Pause::default();
        } else {
            state.pause.wait().await;
        }
    }

    /// Closes the channel, by which all that is not settled goes back to the queues.
    fn give_back(&self, state: &mut State) {
        state.session = None;
        state.ready.clear();
        self.receipts.forget();
    }

    fn hand_out(state: &mut State, limit: usize) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        while deliveries.len() < limit.max(1)
            && let Some(((_, tag), hint)) = state.ready.pop_first()
        {
            deliveries.push(Delivery { hint: Some(hint), tag });
        }
        deliveries
    }
}

fn tell_of_end(pool: &str, error: Option<&lapin::Error>, is_queue: bool) {
    let error = error.map(|error| error as &dyn Error);
    if is_queue {
        tracing::warn!(pool, error, "the queue or the channel of a pool is gone; it is set up again");
    } else {
        tracing::debug!(pool, error, "the connection for hints is lost; it is made again");
    }
}

/// The state in use, until the call ends or is dropped.
struct Use<'a>(MutexGuard<'a, State>);

impl Deref for Use<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl DerefMut for Use<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.0
    }
}

impl Drop for Use<'_> {
    fn drop(&mut self) {
        self.0.used = Instant::now();
    }
}
