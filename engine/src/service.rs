//! A step call as a `tower` service, so that layers of the field wrap steps as they wrap anything else.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use tower::{Layer, Service, ServiceExt};

use crate::{Attempt, Permanent, Step, StepError, fusion::Share};

/// One call of a step, or of several in one [pass](crate::Pass): the attempt (of a pass under the name of its last step),
/// and the input as JSON.
///
/// ```
/// use stagemark::StepCall;
///
/// fn describe(call: &StepCall) -> String {
///     format!("{} of {} bytes", call.attempt.step(), call.input.len())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct StepCall {
    /// The attempt.
    pub attempt: Attempt,
    /// The input, as JSON.
    pub input: Arc<str>,
}

/// Any step, or several in one [pass](crate::Pass), as a `tower::Service`: JSON in, JSON out. Layers given to
/// [`Builder::layer`](crate::Builder::layer) wrap it.
///
/// ```
/// use stagemark::{Engine, MemoryStore};
/// use tower::limit::ConcurrencyLimitLayer;
///
/// let builder = Engine::builder(MemoryStore::new()).layer(ConcurrencyLimitLayer::new(8));
/// ```
#[derive(Clone)]
pub struct StepService {
    inner: Arc<dyn Erased>,
}

impl std::fmt::Debug for StepService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepService").finish_non_exhaustive()
    }
}

impl StepService {
    pub(crate) fn of<S: Step>(step: S) -> Self {
        Self { inner: Arc::new(Typed(Arc::new(step))) }
    }

    /// A group of steps, in one pass.
    pub(crate) fn in_one_pass(shares: Arc<[Arc<dyn Share>]>) -> Self {
        Self { inner: Arc::new(InOnePass(shares)) }
    }

    pub(crate) fn layered<L>(self, layer: &L) -> Self
    where
        L: Layer<Self>,
        L::Service: Service<StepCall, Response = Arc<str>> + Clone + Send + Sync + 'static,
        <L::Service as Service<StepCall>>::Error: Into<StepError> + Send,
        <L::Service as Service<StepCall>>::Future: Send,
    {
        Self { inner: Arc::new(Layered(layer.layer(self))) }
    }
}

impl Service<StepCall> for StepService {
    type Response = Arc<str>;
    type Error = StepError;
    type Future = BoxFuture<'static, Result<Arc<str>, StepError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), StepError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: StepCall) -> Self::Future {
        self.inner.call(call)
    }
}

/// A step without its types.
trait Erased: Send + Sync {
    fn call(&self, call: StepCall) -> BoxFuture<'static, Result<Arc<str>, StepError>>;
}

struct Typed<S>(Arc<S>);

impl<S: Step> Erased for Typed<S> {
    fn call(&self, call: StepCall) -> BoxFuture<'static, Result<Arc<str>, StepError>> {
        let step = Arc::clone(&self.0);
        Box::pin(async move {
            // The same text is no better JSON at the next attempt.
            let input = serde_json::from_str(&call.input).permanent()?;
            let output = step.run(&call.attempt, input).await?;
            Ok(Arc::from(serde_json::to_string(&output).permanent()?))
        })
    }
}

struct InOnePass(Arc<[Arc<dyn Share>]>);

impl Erased for InOnePass {
    fn call(&self, call: StepCall) -> BoxFuture<'static, Result<Arc<str>, StepError>> {
        self.0[0].begin(call, Arc::clone(&self.0))
    }
}

struct Layered<V>(V);

impl<V> Erased for Layered<V>
where
    V: Service<StepCall, Response = Arc<str>> + Clone + Send + Sync + 'static,
    V::Error: Into<StepError> + Send,
    V::Future: Send,
{
    fn call(&self, call: StepCall) -> BoxFuture<'static, Result<Arc<str>, StepError>> {
        let service = self.0.clone();
        Box::pin(async move { service.oneshot(call).await.map_err(Into::into) })
    }
}
