//! Steps: the units of work that users write.

use std::{future::Future, marker::PhantomData, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use stagemark_rules::{Backoff, Policy};

use crate::{Attempt, Fusible, Name, Rate, Reuse, StepError};

/// What can be stored between two steps: anything that serde can write and read back.
///
/// It is implemented for every such type; nobody implements it by hand. Payloads are stored as JSON, so keep
/// them small and put files into [artifacts](Attempt::put).
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use stagemark::Payload;
///
/// #[derive(Serialize, Deserialize)]
/// struct Upload {
///     key: String,
/// }
/// fn is_payload<T: Payload>() {}
/// is_payload::<Upload>();
/// ```
pub trait Payload: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Payload for T {}

/// A unit of work: a name, an input, an output and what to do.
///
/// Its code may run more than once (after a crash or a failure); what it returns is committed once. In it every `?`
/// is retried as the [`Options`] say; [`permanent`](crate::Permanent::permanent) marks what retrying cannot cure.
///
/// ```
/// use stagemark::{Attempt, Name, Step, StepError};
///
/// #[derive(Debug)]
/// struct Greet;
///
/// impl Step for Greet {
///     const NAME: Name = Name::new("greet");
///     type Input = String;
///     type Output = String;
///
///     async fn run(&self, _attempt: &Attempt, name: String) -> Result<String, StepError> {
///         Ok(format!("Hello, {name}"))
///     }
/// }
/// ```
pub trait Step: Send + Sync + 'static {
    /// The name that markers, logs and limits use; unique within a workflow is best, but not needed.
    const NAME: Name;
    /// What the step is given.
    type Input: Payload;
    /// What the step makes.
    type Output: Payload;

    /// The name of this value; [`NAME`](Self::NAME) unless the step is made at run time.
    fn name(&self) -> Name {
        Self::NAME
    }

    /// How the step wants to be run; the author's defaults, which users change in place with
    /// [`timeout`](Self::timeout), [`attempts`](Self::attempts) and their like.
    fn options(&self) -> Options {
        Options::default()
    }

    /// What the step adds to a pass, where it can be done in one go with neighbours of its [`Family`](crate::Family)
    /// (default: nothing, it is always run alone). A step that wraps another one hands on what that one says.
    fn fusible(&self) -> Option<Fusible<Self::Input, Self::Output>> {
        None
    }

    /// Does the work once.
    fn run(
        &self,
        attempt: &Attempt,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, StepError>> + Send;

    /// Gives an attempt at most this long (default 60 s); then it has failed.
    fn timeout(self, timeout: Duration) -> Tuned<Self>
    where
        Self: Sized,
    {
        let options = Options { timeout, ..self.options() };
        Tuned { step: self, options }
    }

    /// Tries at most this often (default 5, at least 1).
    fn attempts(self, attempts: u32) -> Tuned<Self>
    where
        Self: Sized,
    {
        let options = Options { attempts: attempts.max(1), ..self.options() };
        Tuned { step: self, options }
    }

    /// Waits so between two attempts (default: 1 s, doubling, at most 64 s, with jitter).
    fn backoff(self, backoff: Backoff) -> Tuned<Self>
    where
        Self: Sized,
    {
        let options = Options { backoff, ..self.options() };
        Tuned { step: self, options }
    }

    /// Takes an attempt that was not heard of for this long as failed (default: not watched, the timeout is enough).
    fn heartbeat(self, heartbeat: Duration) -> Tuned<Self>
    where
        Self: Sized,
    {
        let options = Options { heartbeat: Some(heartbeat), ..self.options() };
        Tuned { step: self, options }
    }

    /// Runs at most this many items of one `each` at a time, over all workers (default: no bound but the workers').
    fn concurrency(self, items: u32) -> Tuned<Self>
    where
        Self: Sized,
    {
        let options = Options { concurrency: Some(items.max(1)), ..self.options() };
        Tuned { step: self, options }
    }

    /// Runs at most this many attempts of the steps of this name at a time, over all workers (default: no bound). It
    /// needs [limits](crate::Builder::limits) that all workers share; while these do not answer, the step waits.
    fn fleet_limit(self, attempts: u32) -> Tuned<Self>
    where
        Self: Sized,
    {
        let options = Options { fleet_limit: Some(attempts.max(1)), ..self.options() };
        Tuned { step: self, options }
    }

    /// Begins at most `count` attempts of the steps of this name in any span of the length `per`, over all workers
    /// (default: no bound). It needs [limits](crate::Builder::limits) that all workers share; while these do not
    /// answer, the step waits.
    fn rate(self, count: u32, per: Duration) -> Tuned<Self>
    where
        Self: Sized,
    {
        let options = Options { rate: Some(Rate::new(count, per)), ..self.options() };
        Tuned { step: self, options }
    }

    /// Keeps what the step makes, and takes what is kept instead of running it (default: it is always run). Only for a
    /// step whose output depends on its input and parameters alone, and that does nothing else that anyone needs.
    ///
    /// Of runs that want the same at once one runs the step; the others wait for it, which counts neither as an attempt
    /// nor towards the [timeout](Self::timeout), though it takes up a slot of their workers. If it fails, another runs it.
    fn reuse(self, reuse: Reuse) -> Tuned<Self>
    where
        Self: Sized,
    {
        let options = Options { reuse: Some(reuse), ..self.options() };
        Tuned { step: self, options }
    }

    /// Leaves the step to the workers of this pool (default: [`DEFAULT_POOL`]); see
    /// [`Builder::pools`](crate::Builder::pools).
    fn pool(self, pool: Name) -> Tuned<Self>
    where
        Self: Sized,
    {
        let options = Options { pool, ..self.options() };
        Tuned { step: self, options }
    }
}

/// How a step is run.
///
/// ```
/// use std::time::Duration;
/// use stagemark::Options;
///
/// let patient = Options { timeout: Duration::from_secs(600), ..Options::default() };
/// assert_eq!(patient.attempts, 5);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The longest an attempt may take; default 60 s.
    pub timeout: Duration,
    /// The most attempts, the first included; default 5.
    pub attempts: u32,
    /// The wait between attempts; default 1 s doubling to 64 s.
    pub backoff: Backoff,
    /// The longest silence of an attempt; `None`, the default, watches the timeout alone.
    pub heartbeat: Option<Duration>,
    /// The most items of one `each` that run at a time; `None`, the default, leaves it to the workers.
    pub concurrency: Option<u32>,
    /// The most attempts at a time over all workers; `None`, the default, is no bound.
    pub fleet_limit: Option<u32>,
    /// How many attempts begin in which span, over all workers; `None`, the default, is no bound.
    pub rate: Option<Rate>,
    /// Whether what it makes is kept, and taken by those who want the same; `None`, the default, always runs it.
    pub reuse: Option<Reuse>,
    /// The workers that run it; default [`DEFAULT_POOL`].
    pub pool: Name,
}

/// The pool of workers that runs every step which names no other.
pub const DEFAULT_POOL: Name = Name::new("default");

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_mins(1),
            attempts: 5,
            backoff: Backoff::exponential(Duration::from_secs(1)),
            heartbeat: None,
            concurrency: None,
            fleet_limit: None,
            rate: None,
            reuse: None,
            pool: DEFAULT_POOL,
        }
    }
}

impl Options {
    /// Whether it needs limits over the whole fleet.
    pub(crate) fn is_limited(&self) -> bool {
        self.fleet_limit.is_some() || self.rate.is_some()
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy { attempts: self.attempts, backoff: self.backoff, concurrency: self.concurrency }
    }
}

/// A step with options of the user's own; made by [`Step::timeout`] and its like.
///
/// ```
/// use std::time::Duration;
/// use stagemark::{Name, Step, from_fn};
///
/// const SHOUT: Name = Name::new("shout");
/// let step = from_fn(SHOUT, |_, text: String| async move { Ok(text.to_uppercase()) })
///     .timeout(Duration::from_secs(5))
///     .attempts(2);
/// assert_eq!(step.options().attempts, 2);
/// ```
#[derive(Clone, Debug)]
pub struct Tuned<S> {
    step: S,
    options: Options,
}

impl<S: Step> Step for Tuned<S> {
    const NAME: Name = S::NAME;
    type Input = S::Input;
    type Output = S::Output;

    fn name(&self) -> Name {
        self.step.name()
    }

    fn options(&self) -> Options {
        self.options.clone()
    }

    fn fusible(&self) -> Option<Fusible<Self::Input, Self::Output>> {
        self.step.fusible()
    }

    fn run(
        &self,
        attempt: &Attempt,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, StepError>> + Send {
        self.step.run(attempt, input)
    }
}

/// A step from a function, for work that needs no type of its own.
///
/// ```
/// use stagemark::{Attempt, Name, StepError, from_fn};
///
/// const DOUBLE: Name = Name::new("double");
/// async fn double(_attempt: Attempt, n: u64) -> Result<u64, StepError> {
///     Ok(n * 2)
/// }
/// let step = from_fn(DOUBLE, double);
/// ```
pub fn from_fn<F, Fut, In, Out>(name: Name, run: F) -> FromFn<F, In, Out>
where
    F: Fn(Attempt, In) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Out, StepError>> + Send,
    In: Payload,
    Out: Payload,
{
    FromFn { name, run, types: PhantomData }
}

/// The step that [`from_fn`] makes.
pub struct FromFn<F, In, Out> {
    name: Name,
    run: F,
    types: PhantomData<fn(In) -> Out>,
}

impl<F, In, Out> std::fmt::Debug for FromFn<F, In, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FromFn").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<F, Fut, In, Out> Step for FromFn<F, In, Out>
where
    F: Fn(Attempt, In) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Out, StepError>> + Send,
    In: Payload,
    Out: Payload,
{
    const NAME: Name = Name::new("from-fn");
    type Input = In;
    type Output = Out;

    fn name(&self) -> Name {
        self.name
    }

    fn run(&self, attempt: &Attempt, input: In) -> impl Future<Output = Result<Out, StepError>> + Send {
        (self.run)(attempt.clone(), input)
    }
}
