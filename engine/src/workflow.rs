//! Workflows: their typed name, and the plan that a worker draws for it.

use std::{cell::RefCell, collections::BTreeSet, fmt, marker::PhantomData, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use stagemark_rules::{NodeShape, Shape};

use crate::{DEFAULT_POOL, Fusible, Name, Options, Payload, Step, StepService, fusion::Share, reuse::Recipe};

/// The typed name of a workflow: all that a caller must know of it.
///
/// ```
/// use stagemark::Workflow;
///
/// /// Counts the words of a text.
/// pub const COUNT_WORDS: Workflow<String, usize> = Workflow::new("count-words");
/// ```
///
/// A plan whose steps do not fit does not compile, and the error points at the step:
///
/// ```compile_fail,E0271
/// use stagemark::{Name, Workflow, from_fn};
///
/// const COUNT_WORDS: Workflow<String, usize> = Workflow::new("count-words");
/// let double = from_fn(Name::new("double"), |_, n: usize| async move { Ok(n * 2) });
/// let _ = COUNT_WORDS.define(|text| text.then(double));
/// ```
///
/// Nor does one that ends with another type than the workflow names:
///
/// ```compile_fail,E0308
/// use stagemark::Workflow;
///
/// const COUNT_WORDS: Workflow<String, usize> = Workflow::new("count-words");
/// let _ = COUNT_WORDS.define(|text| text);
/// ```
pub struct Workflow<In, Out> {
    name: Name,
    version: u32,
    types: PhantomData<fn(In) -> Out>,
}

impl<In, Out> Clone for Workflow<In, Out> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<In, Out> Copy for Workflow<In, Out> {}

impl<In, Out> fmt::Debug for Workflow<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workflow").field("name", &self.name).field("version", &self.version).finish()
    }
}

impl<In: Payload, Out: Payload> Workflow<In, Out> {
    /// The workflow of this [name](Name), in version 1.
    ///
    /// # Panics
    /// If the text is no [`Name`]; in a `const` this is a compile error.
    pub const fn new(name: &'static str) -> Self {
        Self { name: Name::new(name), version: 1, types: PhantomData }
    }

    /// The same workflow in another version. A run keeps the version it was submitted with; change the version
    /// whenever the graph changes, and serve the old one until its runs have ended.
    #[must_use]
    pub const fn version(self, version: u32) -> Self {
        Self { version, ..self }
    }

    /// The name of the workflow.
    pub const fn name(self) -> Name {
        self.name
    }

    pub(crate) const fn pinned(self) -> (Name, u32) {
        (self.name, self.version)
    }

    /// Draws the plan: which step follows which. The closure runs once, here; no step runs in it.
    ///
    /// ```
    /// use stagemark::{Name, Workflow, from_fn};
    ///
    /// const TOTAL: Workflow<Vec<u64>, u64> = Workflow::new("total");
    /// const SQUARE: Name = Name::new("square");
    /// const SUM: Name = Name::new("sum");
    ///
    /// let total = TOTAL.define(|numbers| {
    ///     let squares = numbers.each(from_fn(SQUARE, |_, n: u64| async move { Ok(n * n) }));
    ///     squares.then(from_fn(SUM, |_, all: Vec<u64>| async move { Ok(all.iter().sum::<u64>()) }))
    /// });
    /// assert_eq!(total.name().as_str(), "total");
    /// ```
    pub fn define(self, draw: impl for<'plan> FnOnce(Node<'plan, In>) -> Node<'plan, Out>) -> Definition {
        let drawing = RefCell::new(Drawing { shape: Shape::new(), steps: vec![None], materialized: BTreeSet::new() });
        let output = draw(Node::at(&drawing, 0)).number;
        let Drawing { shape, steps, materialized } = drawing.into_inner();
        let passes = Vec::new();
        let plan = Plan { version: self.version, shape, steps, passes, materialized, output };
        Definition { name: self.name, fusion: true, plan }
    }
}

/// A plan while it is drawn.
struct Drawing {
    shape: Shape,
    steps: Vec<Option<Planned>>,
    materialized: BTreeSet<u16>,
}

/// What one attempt runs: a step in its place, or a group in one pass.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// The name of the step; in a pass that of the last.
    pub(crate) name: Name,
    /// The steps whose slots it takes, each once, in order.
    pub(crate) slots: Arc<[Name]>,
    pub(crate) options: Options,
    pub(crate) service: StepService,
    /// What the step adds to a pass.
    pub(crate) share: Option<Arc<dyn Share>>,
    /// What its output depends on besides the input, where that may be kept.
    pub(crate) recipe: Option<Recipe>,
    /// Whether a text is an output of its type.
    pub(crate) fits: fn(&str) -> bool,
}

impl Planned {
    fn of<S: Step>(step: S) -> Self {
        let (name, options) = (step.name(), step.options());
        let share = step.fusible().map(Fusible::into_share);
        let recipe = options.reuse.as_ref().map(|reuse| Recipe::of(name, reuse));
        let fits = |output: &str| serde_json::from_str::<S::Output>(output).is_ok();
        Self { name, slots: Arc::new([name]), options, service: StepService::of(step), share, recipe, fits }
    }
}

/// A value that a run will have: a place in the plan, never the value itself. Copy it to use it twice.
///
/// ```
/// use stagemark::{Name, Workflow, from_fn};
///
/// const DESCRIBE: Workflow<String, (usize, String)> = Workflow::new("describe");
/// let describe = DESCRIBE.define(|text| {
///     let length = text.then(from_fn(Name::new("measure"), |_, text: String| async move { Ok(text.len()) }));
///     let upper = text.then(from_fn(Name::new("shout"), |_, text: String| async move { Ok(text.to_uppercase()) }));
///     length.and(upper)
/// });
/// ```
pub struct Node<'plan, T> {
    number: u16,
    plan: &'plan RefCell<Drawing>,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Node<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Node<'_, T> {}

impl<T> fmt::Debug for Node<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Node").field(&self.number).finish()
    }
}

impl<'plan, T: Payload> Node<'plan, T> {
    fn at(plan: &'plan RefCell<Drawing>, number: u16) -> Self {
        Self { number, plan, value: PhantomData }
    }

    fn add<U: Payload>(self, step: Option<Planned>, place: impl FnOnce(&mut Shape) -> u16) -> Node<'plan, U> {
        let mut plan = self.plan.borrow_mut();
        plan.steps.push(step);
        Node::at(self.plan, place(&mut plan.shape))
    }

    /// The output of a step on this value.
    #[must_use]
    pub fn then<S: Step<Input = T>>(self, step: S) -> Node<'plan, S::Output> {
        let step = Planned::of(step);
        let (name, policy) = (step.name, step.options.policy());
        self.add(Some(step), |shape| shape.step(name.as_str(), self.number, policy))
    }

    /// The same value, stored by itself: no pass goes across it, so that its artifact exists, and
    /// [`TaskStatus::output`](crate::TaskStatus::output) tells it. Without, the output of a step inside a
    /// [group](crate::Family) is nowhere.
    ///
    /// It changes how the steps are run and not the graph, so the workflow needs no new version.
    #[must_use]
    pub fn materialize(self) -> Self {
        self.plan.borrow_mut().materialized.insert(self.number);
        self
    }

    /// The same value, not before this long after it was made: a durable timer, which takes no slot and keeps its moment
    /// across restarts, exact to the poll interval at worst. Where it is on the input, it runs from when the run begins:
    /// when a worker first takes it up.
    ///
    /// No group goes across it. Another delay is no change of the graph: timers that run keep their moment.
    ///
    /// ```
    /// use std::time::Duration;
    /// use stagemark::{Name, Workflow, from_fn};
    ///
    /// const REMIND: Workflow<String, String> = Workflow::new("remind");
    /// const MAIL: Name = Name::new("mail");
    /// let remind = REMIND.define(|who| {
    ///     who.after(Duration::from_hours(24)).then(from_fn(MAIL, |_, who: String| async move { Ok(format!("to {who}")) }))
    /// });
    /// # let _ = remind;
    /// ```
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        self.add(None, |shape| shape.timer(self.number, delay))
    }

    /// The pair of this value and another.
    #[must_use]
    pub fn and<U: Payload>(self, other: Node<'plan, U>) -> Node<'plan, (T, U)> {
        self.add(None, |shape| shape.join(self.number, other.number))
    }
}

impl<'plan, Item: Payload> Node<'plan, Vec<Item>> {
    /// The outputs of a step on each item of this list, in the order of the list. The items run side by side, as many
    /// as the worker has room for, or as [`Step::concurrency`] allows.
    #[must_use]
    pub fn each<S: Step<Input = Item>>(self, step: S) -> Node<'plan, Vec<S::Output>> {
        let step = Planned::of(step);
        let (name, policy) = (step.name, step.options.policy());
        self.add(Some(step), |shape| shape.each(name.as_str(), self.number, policy))
    }
}

/// A workflow with its steps, ready to be [served](crate::Builder::serve); made by [`Workflow::define`].
///
/// ```
/// use stagemark::{Definition, Name, Workflow, from_fn};
///
/// fn definition() -> Definition {
///     const DOUBLE: Workflow<u64, u64> = Workflow::new("double");
///     DOUBLE.define(|n| n.then(from_fn(Name::new("times-two"), |_, n: u64| async move { Ok(n * 2) })))
/// }
/// # definition();
/// ```
#[must_use = "a definition does nothing until an engine serves it"]
#[derive(Debug)]
pub struct Definition {
    name: Name,
    pub(crate) fusion: bool,
    pub(crate) plan: Plan,
}

/// What is to be done in a run, and by which steps.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) version: u32,
    pub(crate) shape: Shape,
    /// By node; none at the input, at joins, and where the workflow is not served.
    pub(crate) steps: Vec<Option<Planned>>,
    /// By the first node of what is left of a group; empty where nothing is fused.
    pub(crate) passes: Vec<Option<Planned>>,
    /// The nodes whose values are stored by themselves.
    pub(crate) materialized: BTreeSet<u16>,
    /// The node whose value is the run's result.
    pub(crate) output: u16,
}

/// A graph as it is kept in the store, to tell when it has changed.
#[derive(Serialize, Deserialize)]
struct Graph {
    shape: Shape,
    output: u16,
    /// Which steps go on in one pass with which, where it was served first: those who do not serve the workflow see its
    /// runs by that. It is no part of what must not change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fused: Vec<(u16, u16)>,
}

impl Definition {
    /// The name of the workflow.
    pub fn name(&self) -> Name {
        self.name
    }

    /// The version of the workflow.
    pub fn version(&self) -> u32 {
        self.plan.version
    }

    /// Runs groups of fusible steps in one pass (default), or every step alone, with the same result; see
    /// [`Family`](crate::Family). It is no change of the graph: runs that were begun in one way go on in the other.
    pub fn fusion(self, fusion: bool) -> Self {
        Self { fusion, ..self }
    }

    pub(crate) fn wrap(&mut self, wrap: &dyn Fn(StepService) -> StepService) {
        for step in self.plan.steps.iter_mut().chain(&mut self.plan.passes).flatten() {
            step.service = wrap(step.service.clone());
        }
    }
}

impl Plan {
    /// A plan from a graph that was kept: with the names of its steps, but without any that could run.
    pub(crate) fn of_graph(version: u32, graph: &str) -> Result<Self, serde_json::Error> {
        let Graph { mut shape, output, fused } = serde_json::from_str(graph)?;
        for (first, next) in fused {
            shape.fuse(first, next);
        }
        let steps = shape.nodes().iter().map(|_| None).collect();
        Ok(Self { version, shape, steps, passes: Vec::new(), materialized: BTreeSet::new(), output })
    }

    /// The pool that a node's step is left to; for the input, that of the first step.
    pub(crate) fn pool_of(&self, node: u16) -> Name {
        let steps = self.steps.get(usize::from(node)..).unwrap_or_default();
        steps.iter().flatten().next().map_or(DEFAULT_POOL, |step| step.options.pool)
    }

    /// Whether what any of its steps makes is kept.
    pub(crate) fn keeps_results(&self) -> bool {
        self.steps.iter().flatten().any(|step| step.recipe.is_some())
    }

    pub(crate) fn graph(&self) -> String {
        let next = |(first, node): (u16, &NodeShape)| Some((first, node.next?));
        let fused = (0..).zip(self.shape.nodes()).filter_map(next).collect();
        let graph = Graph { shape: self.shape.clone(), output: self.output, fused };
        serde_json::to_string(&graph).expect("a graph has names and numbers alone")
    }

    /// Where this graph differs from one that was kept, in words.
    pub(crate) fn difference(&self, kept: &str) -> Option<String> {
        let kept: Graph = match serde_json::from_str(kept) {
            Ok(kept) => kept,
            Err(error) => return Some(format!("the graph that is stored cannot be read: {error}")),
        };
        kept.shape.difference(&self.shape).or_else(|| {
            (kept.output != self.output)
                .then(|| format!("the result was node {} and is now node {}", kept.output, self.output))
        })
    }
}
