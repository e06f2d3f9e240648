//! Fusion: neighbours of one family are done in one pass, as one attempt, and each keeps its own marker.

use std::{
    any::{Any, TypeId},
    fmt,
    marker::PhantomData,
    sync::Arc,
};

use futures::future::BoxFuture;

use crate::{Attempt, Name, Payload, Permanent, StepCall, StepError};

/// Steps of one kind that can be done in one go: a chain of filters in one process, a few calls as one request.
///
/// A step says by [`Step::fusible`](crate::Step::fusible) that it is of a family, and what its part is. Neighbours of
/// one family in a workflow are a group, which the engine runs as one pass: one call of [`run`](Self::run) with the
/// parts of all of them. The result must be that of the steps one by one, since it depends on the host, and on earlier
/// failures, which of the two happens.
///
/// ```
/// use stagemark::{Attempt, Engine, Family, Fusible, MemoryStore, Name, Pass, Step, StepError, Workflow};
///
/// struct Sums;
///
/// impl Family for Sums {
///     const NAME: Name = Name::new("sums");
///     type Part = i64;
///     type Source = i64;
///     type Output = i64;
///
///     async fn run(pass: &Pass<Self>, source: i64) -> Result<i64, StepError> {
///         Ok(source + pass.members().iter().map(|member| member.part()).sum::<i64>())
///     }
/// }
///
/// struct Add(i64);
///
/// impl Step for Add {
///     const NAME: Name = Name::new("add");
///     type Input = i64;
///     type Output = i64;
///
///     fn fusible(&self) -> Option<Fusible<i64, i64>> {
///         Some(Fusible::of::<Sums>(self.0))
///     }
///
///     async fn run(&self, _attempt: &Attempt, n: i64) -> Result<i64, StepError> {
///         Ok(n + self.0)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// const SEVEN_MORE: Workflow<i64, i64> = Workflow::new("seven-more");
/// let engine = Engine::builder(MemoryStore::new())
///     .serve(SEVEN_MORE.define(|n| n.then(Add(3)).then(Add(4))))
///     .start()
///     .await?;
/// assert_eq!(engine.submit(SEVEN_MORE, 35).await?.result().await?, 42);
/// # Ok(()) }
/// ```
pub trait Family: Sized + 'static {
    /// The name that spans and errors use.
    const NAME: Name;
    /// What a step adds to a pass.
    type Part: Send + Sync + 'static;
    /// What a pass begins with: the input of its first step, converted. Where steps take inputs of several types, an
    /// enum with a `From` for each.
    type Source: Send + 'static;
    /// What a pass makes: it is converted into the output of its last step.
    type Output: Send + 'static;

    /// Does the work of all members once.
    ///
    /// It is an attempt as that of a step is: its code may run more than once, what it returns is committed once, and a
    /// `?` is tried again. When it has failed for good, the steps are run one by one, so that the error is that of the
    /// step at fault.
    fn run(pass: &Pass<Self>, source: Self::Source) -> impl Future<Output = Result<Self::Output, StepError>> + Send;
}

/// One attempt at all steps of a group, as their family sees it.
///
/// ```
/// use stagemark::{Family, Pass, StepError};
///
/// async fn in_one_go<F: Family>(pass: &Pass<F>) -> Result<(), StepError> {
///     let attempt = pass.attempt(); // artifacts, scratch folders, locks and cancellation are those of one attempt
///     let _scratch = attempt.scratch().await?;
///     for member in pass.members() {
///         member.progress(1.0, format!("{} is done", member.step()));
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Pass<F: Family> {
    attempt: Attempt,
    members: Vec<Member<F>>,
}

/// One step of a pass: its part, and its share of the progress.
///
/// ```
/// use stagemark::{Family, Member};
///
/// fn begin<F: Family>(member: &Member<F>) {
///     member.progress(0.0, format!("attempt {} of {}", member.number(), member.step()));
/// }
/// ```
pub struct Member<F: Family> {
    attempt: Attempt,
    part: Arc<F::Part>,
}

impl<F: Family> fmt::Debug for Member<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("step", &self.step()).finish_non_exhaustive()
    }
}

impl<F: Family> Pass<F> {
    /// The attempt that the pass is, under the name of its last step, whose output it makes: what it puts into the
    /// artifact store is that step's. Progress that is reported here is that of every member.
    ///
    /// It has no [resume details](Attempt::resume), and keeps none: the next attempt may be at a step alone.
    pub fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    /// The steps, in order; at least two.
    pub fn members(&self) -> &[Member<F>] {
        &self.members
    }

    /// A pass without an engine, to try a family in a test of its own: over these steps, by an attempt such as
    /// [`Attempt::standalone`] gives.
    pub fn standalone(attempt: &Attempt, steps: impl IntoIterator<Item = (Name, F::Part)>) -> Self {
        let member = |(step, part)| Member { attempt: attempt.named(step), part: Arc::new(part) };
        let members: Vec<_> = steps.into_iter().map(member).collect();
        let attempts = members.iter().map(|member| member.attempt.clone()).collect();
        Self { attempt: attempt.over(attempts), members }
    }
}

impl<F: Family> Member<F> {
    /// The name of the step.
    pub fn step(&self) -> Name {
        self.attempt.step()
    }

    /// The number of this attempt at the step, from 1.
    pub fn number(&self) -> u32 {
        self.attempt.number()
    }

    /// What the step adds to the pass.
    pub fn part(&self) -> &F::Part {
        &self.part
    }

    /// Reports how far this step is, from 0 to 1, and what it does; as cheap as [`Attempt::progress`].
    pub fn progress(&self, fraction: f64, message: impl Into<Arc<str>>) {
        self.attempt.progress(fraction, message);
    }
}

/// That a step can be done in one pass with its neighbours of the same family; see
/// [`Step::fusible`](crate::Step::fusible) and [`Family`].
///
/// The types are those of the step: that the family can begin with its input and end with its output is checked when
/// the program is compiled. This family begins with texts and with numbers:
///
/// ```
/// use stagemark::{Family, Fusible, Name, Pass, StepError};
///
/// enum Source {
///     Text(String),
///     Number(i64),
/// }
///
/// impl From<String> for Source {
///     fn from(text: String) -> Self {
///         Self::Text(text)
///     }
/// }
///
/// impl From<i64> for Source {
///     fn from(number: i64) -> Self {
///         Self::Number(number)
///     }
/// }
///
/// struct Sums;
///
/// impl Family for Sums {
///     const NAME: Name = Name::new("sums");
///     type Part = i64;
///     type Source = Source;
///     type Output = i64;
///
///     async fn run(pass: &Pass<Self>, source: Source) -> Result<i64, StepError> {
///         let number = match source {
///             Source::Text(text) => text.parse()?,
///             Source::Number(number) => number,
///         };
///         Ok(number + pass.members().iter().map(|member| member.part()).sum::<i64>())
///     }
/// }
///
/// let read: Fusible<String, i64> = Fusible::of::<Sums>(0);
/// let add: Fusible<i64, i64> = Fusible::of::<Sums>(3);
/// ```
pub struct Fusible<In, Out> {
    share: Arc<dyn Share>,
    types: PhantomData<fn(In) -> Out>,
}

impl<In, Out> fmt::Debug for Fusible<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fusible").field("family", &self.share.family().1).finish_non_exhaustive()
    }
}

impl<In: Payload, Out: Payload> Fusible<In, Out> {
    /// This part of a pass of the family `F`.
    pub fn of<F: Family>(part: F::Part) -> Self
    where
        In: Into<F::Source>,
        F::Output: Into<Out>,
    {
        let part = Arc::new(part);
        Self { share: Arc::new(Typed::<F, In, Out> { part, types: PhantomData }), types: PhantomData }
    }

    pub(crate) fn into_share(self) -> Arc<dyn Share> {
        self.share
    }
}

/// A step's share of a pass, without its types.
pub(crate) trait Share: Send + Sync {
    fn family(&self) -> (TypeId, Name);

    /// The family's own part.
    fn part(&self) -> Arc<dyn Any + Send + Sync>;

    /// Runs a pass that begins with this step.
    fn begin(&self, call: StepCall, shares: Arc<[Arc<dyn Share>]>) -> BoxFuture<'static, Result<Arc<str>, StepError>>;

    /// The output of a pass that ends with this step, as JSON.
    fn end(&self, output: Box<dyn Any + Send>) -> Result<Arc<str>, StepError>;
}

impl fmt::Debug for dyn Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Share").field(&self.family().1).finish()
    }
}

struct Typed<F: Family, In, Out> {
    part: Arc<F::Part>,
    types: PhantomData<fn(In) -> Out>,
}

/// A group is of one family: what it made is of that family's types.
const OF_ONE_FAMILY: &str = "a group is of one family";

impl<F, In, Out> Share for Typed<F, In, Out>
where
    F: Family,
    In: Payload + Into<F::Source>,
    Out: Payload,
    F::Output: Into<Out>,
{
    fn family(&self) -> (TypeId, Name) {
        (TypeId::of::<F>(), F::NAME)
    }

    fn part(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::clone(&self.part) as Arc<dyn Any + Send + Sync>
    }

    fn begin(&self, call: StepCall, shares: Arc<[Arc<dyn Share>]>) -> BoxFuture<'static, Result<Arc<str>, StepError>> {
        Box::pin(async move {
            let StepCall { attempt, input } = call;
            let source: In = serde_json::from_str(&input).permanent()?;
            let member = |(attempt, share): (&Attempt, &Arc<dyn Share>)| Member {
                attempt: attempt.clone(),
                part: share.part().downcast().expect(OF_ONE_FAMILY),
            };
            let members = attempt.members().iter().zip(shares.iter()).map(member).collect();
            let output = F::run(&Pass::<F> { attempt, members }, source.into()).await?;
            shares.last().expect("a pass has members").end(Box::new(output))
        })
    }

    fn end(&self, output: Box<dyn Any + Send>) -> Result<Arc<str>, StepError> {
        let output: Out = (*output.downcast::<F::Output>().expect(OF_ONE_FAMILY)).into();
        Ok(Arc::from(serde_json::to_string(&output).permanent()?))
    }
}
