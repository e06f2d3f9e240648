//! One attempt: started, watched, and told to stop.

use std::{any::Any, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use stagemark_rules::TaskId;
use tokio::{
    task::JoinError,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tower::Service;
use tracing::Instrument;

use super::results::Made;
use crate::{Attempt, Options, StepCall, StepError, attempt::Identity, trace, workflow::Planned};

/// How long a step that was told to stop may take; then it is dropped.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// How an attempt ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its task and number; of a pass those of the first step.
    pub(crate) lease: (TaskId, u32),
    pub(crate) attempt: Attempt,
    pub(crate) result: Result<Made, Failure>,
}

/// Why an attempt failed: the messages of its error and of all that caused it, outermost first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) permanent: bool,
    pub(crate) chain: Vec<String>,
}

impl Failure {
    pub(crate) fn passing(why: impl Into<String>) -> Self {
        Self { permanent: false, chain: vec![why.into()] }
    }

    pub(crate) fn permanent(error: &StepError) -> Self {
        Self { permanent: true, chain: error.chain() }
    }

    fn of(error: &StepError) -> Self {
        Self { permanent: error.is_permanent(), chain: error.chain() }
    }

    fn joined(error: JoinError) -> Self {
        match error.try_into_panic() {
            Ok(panic) => Self::passing(format!("the step panicked: {}", said(panic.as_ref()))),
            Err(_) => Self::passing("the attempt was stopped"),
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

/// Runs a step once. The work is a task of its own, so that one that blocks its thread is still timed out.
pub(super) async fn execute(
    mut planned: Planned,
    call: StepCall,
    trace: Option<Arc<str>>,
    cancel: CancellationToken,
) -> Result<Arc<str>, Failure> {
    let attempt = call.attempt.clone();
    let Identity { run, step, number, .. } = attempt.identity();
    let status = tracing::field::Empty;
    let members = tracing::field::Empty;
    // What the step logs is found by the id, where no spans are sent to a collector too.
    let id = trace.as_deref().and_then(trace::id);
    let span =
        tracing::info_span!("attempt", %run, %step, attempt = number, trace = id, members, otel.status_code = status);
    if !attempt.members().is_empty() && !span.is_disabled() {
        let steps: Vec<_> = attempt.members().iter().map(|member| member.step().as_str()).collect();
        span.record("members", steps.join(", "));
    }
    trace::follow(&span, trace.as_deref());
    let work = tokio::spawn(planned.service.call(call).instrument(span.clone()));
    let ended = watch(AbortOnDropHandle::new(work), &attempt, &planned.options, cancel).await;
    if ended.is_err() {
        span.record("otel.status_code", "ERROR");
    }
    ended
}

type Work = AbortOnDropHandle<Result<Arc<str>, StepError>>;

async fn watch(
    mut work: Work,
    attempt: &Attempt,
    options: &Options,
    cancel: CancellationToken,
) -> Result<Arc<str>, Failure> {
    tokio::select! {
        biased;
        done = &mut work => of_step(done),
        why = overdue(attempt, options) => {
            cancel.cancel();
            // What it returns now comes too late; the time is for it to clean up.
            let _late = timeout(STOP_GRACE, &mut work).await;
            Err(Failure::passing(why))
        }
        () = cancel.cancelled() => match timeout(STOP_GRACE, &mut work).await {
            Ok(done) => of_step(done),
            Err(_) => Err(Failure::passing(format!("the step did not stop within {STOP_GRACE:?}"))),
        },
    }
}

fn of_step(done: Result<Result<Arc<str>, StepError>, JoinError>) -> Result<Arc<str>, Failure> {
    done.map_err(Failure::joined)?.map_err(|error| Failure::of(&error))
}

/// Waits until the attempt has taken too long, or was silent for too long; tells which.
async fn overdue(attempt: &Attempt, options: &Options) -> String {
    let late = sleep(options.timeout);
    let Some(heartbeat) = options.heartbeat else {
        late.await;
        return format!("no result within the timeout of {:?}", options.timeout);
    };
    tokio::select! {
        () = late => format!("no result within the timeout of {:?}", options.timeout),
        () = silence(attempt, heartbeat) => format!("no heartbeat for {heartbeat:?}"),
    }
}

async fn silence(attempt: &Attempt, longest: Duration) {
    let begun = Instant::now();
    loop {
        let silent_at = attempt.last_heard().unwrap_or(begun) + longest;
        if silent_at <= Instant::now() {
            return;
        }
        sleep_until(silent_at).await;
    }
}
