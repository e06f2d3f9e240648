//! The shape of a workflow as the rules see it: which node waits for which, and how often each is tried.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Jitter;

/// The nodes of a workflow, each after its inputs. Node 0 is the run's input.
///
/// ```
/// use stagemark_rules::{Policy, Shape};
///
/// let mut shape = Shape::new();
/// let split = shape.step("split", 0, Policy::default());
/// let parts = shape.each("encode", split, Policy::default());
/// assert_eq!(shape.nodes()[usize::from(parts)].name, "encode");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    nodes: Vec<NodeShape>,
}

/// One node of a [`Shape`].
///
/// ```
/// use stagemark_rules::{NodeShape, Policy, Shape};
///
/// let mut shape = Shape::new();
/// let trim = shape.step("trim", 0, Policy::default());
/// let NodeShape { name, inputs, .. } = shape.node(trim).expect("it was added");
/// assert_eq!((name.as_str(), inputs.as_slice()), ("trim", &[0][..]));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeShape {
    /// What the node does with its inputs.
    pub kind: Kind,
    /// The name of its step; `timer` for timers, empty for the input and for joins.
    pub name: String,
    /// The nodes whose values it takes; each is smaller than its own number.
    pub inputs: Vec<u16>,
    /// How its tasks are tried. It is not part of the graph: changing it makes no new version.
    #[serde(skip)]
    pub policy: Policy,
    /// The step that is tried in one pass with this one and those before it. It is not part of the graph either.
    #[serde(skip)]
    pub next: Option<u16>,
    /// How long a timer runs. Neither is it part of the graph: a timer that runs keeps its moment.
    #[serde(skip)]
    pub delay: Duration,
}

/// What a node does with its inputs.
///
/// ```
/// use stagemark_rules::{Kind, Policy, Shape};
///
/// let mut shape = Shape::new();
/// let (video, sound) = (shape.step("video", 0, Policy::default()), shape.step("sound", 0, Policy::default()));
/// let both = shape.join(video, sound);
/// assert_eq!(shape.nodes()[usize::from(both)].kind, Kind::Join);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The value that the run was submitted with.
    Input,
    /// One task.
    Step,
    /// One task for each item of its input, a list.
    Each,
    /// No task: the pair of its two inputs.
    Join,
    /// One task that no worker is needed for: the value of its input, some time later.
    Timer,
}

/// How often and how soon a task is tried.
///
/// The default is 5 attempts, with waits of 1 s doubling to 64 s, and no limit on how many tasks are leased.
///
/// ```
/// use stagemark_rules::Policy;
///
/// let once = Policy { attempts: 1, ..Policy::default() };
/// assert_eq!(once.concurrency, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// The most attempts, the first included.
    pub attempts: u32,
    /// The wait between two attempts.
    pub backoff: Backoff,
    /// The most tasks of this node that are leased at a time; `None` is no bound.
    pub concurrency: Option<u32>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { attempts: 5, backoff: Backoff::exponential(Duration::from_secs(1)), concurrency: None }
    }
}

/// The wait between two attempts.
///
/// ```
/// use std::time::Duration;
/// use stagemark_rules::{Backoff, Jitter};
///
/// let backoff = Backoff::exponential(Duration::from_secs(1));
/// assert_eq!(backoff.delay(1, Jitter::MOST), Duration::from_secs(1));
/// assert_eq!(backoff.delay(3, Jitter::MOST), Duration::from_secs(4));
/// assert_eq!(backoff.delay(3, Jitter::LEAST), Duration::from_secs(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// Always the same, without jitter.
    Fixed(Duration),
    /// Doubles with each attempt; jitter takes off up to half, so that failures of one moment come back apart.
    Exponential {
        /// The wait after the first attempt.
        first: Duration,
        /// The longest wait.
        max: Duration,
    },
}

impl Backoff {
    /// Doubles from `first` to at most 64 times it.
    pub const fn exponential(first: Duration) -> Self {
        Self::Exponential { first, max: first.saturating_mul(64) }
    }

    /// The wait after the attempt of this number, counted from 1.
    pub fn delay(self, attempt: u32, jitter: Jitter) -> Duration {
        match self {
            Self::Fixed(delay) => delay,
            Self::Exponential { first, max } => {
                let doublings = attempt.saturating_sub(1).min(31);
                let full = first.saturating_mul(1 << doublings).min(max);
                full / 2 + (full / 2).mul_f64(jitter.fraction())
            }
        }
    }
}

impl Default for Shape {
    fn default() -> Self {
        Self::new()
    }
}

impl Shape {
    /// A shape of the input alone.
    pub fn new() -> Self {
        let mut shape = Self { nodes: Vec::new() };
        shape.add(Kind::Input, "", Vec::new(), Policy::default());
        shape
    }

    /// Adds a step after a node; gives its number.
    pub fn step(&mut self, name: &str, input: u16, policy: Policy) -> u16 {
        self.add(Kind::Step, name, vec![input], policy)
    }

    /// Adds a step for each item of a node's list; gives its number.
    pub fn each(&mut self, name: &str, input: u16, policy: Policy) -> u16 {
        self.add(Kind::Each, name, vec![input], policy)
    }

    /// Adds the pair of two nodes; gives its number.
    pub fn join(&mut self, left: u16, right: u16) -> u16 {
        self.add(Kind::Join, "", vec![left, right], Policy::default())
    }

    /// Adds a timer, which holds the value of a node back for so long; gives its number.
    ///
    /// ```
    /// use std::time::Duration;
    /// use stagemark_rules::{Input, Shape, Timestamp, begin, claimable};
    ///
    /// let mut shape = Shape::new();
    /// shape.timer(0, Duration::from_secs(60));
    /// let run = begin(&shape, Input::One, Timestamp(5)).run;
    /// assert_eq!(claimable(&shape, &run).next().map(|(_, due)| due), Some(Timestamp(60_005)));
    /// ```
    pub fn timer(&mut self, input: u16, delay: Duration) -> u16 {
        let number = self.add(Kind::Timer, "timer", vec![input], Policy::default());
        self.nodes[usize::from(number)].delay = delay;
        number
    }

    /// Makes a step and the one that alone takes its output members of one group; tells whether they are now. They are
    /// not where one of the two is no step, or another node takes the output too.
    ///
    /// ```
    /// use stagemark_rules::{Policy, Shape};
    ///
    /// let mut shape = Shape::new();
    /// let trim = shape.step("trim", 0, Policy::default());
    /// let edit = shape.step("edit", trim, Policy::default());
    /// assert!(shape.fuse(trim, edit));
    /// assert_eq!(shape.group(trim).collect::<Vec<_>>(), [trim, edit]);
    /// ```
    pub fn fuse(&mut self, first: u16, next: u16) -> bool {
        let is_step = |node: u16| self.node(node).is_some_and(|node| node.kind == Kind::Step);
        let may = is_step(first) && is_step(next) && self.readers(first).eq([next]);
        if may {
            self.nodes[usize::from(first)].next = Some(next);
        }
        may
    }

    /// A node and those that are tried in one pass with it, if it is the first of them.
    pub fn group(&self, first: u16) -> impl Iterator<Item = u16> + '_ {
        std::iter::successors(Some(first), |node| self.node(*node)?.next)
    }

    /// The nodes that take the value of this one.
    pub fn readers(&self, node: u16) -> impl Iterator<Item = u16> + '_ {
        (0_u16..).zip(&self.nodes).filter(move |(_, other)| other.inputs.contains(&node)).map(|(number, _)| number)
    }

    /// All nodes, by number.
    pub fn nodes(&self) -> &[NodeShape] {
        &self.nodes
    }

    /// The node of this number, if there is one.
    pub fn node(&self, node: u16) -> Option<&NodeShape> {
        self.nodes.get(usize::from(node))
    }

    /// Whether an `each` maps over the value of this node, at once or after a timer, so that its length must be known.
    pub fn is_mapped(&self, node: u16) -> bool {
        self.readers(node).any(|reader| match self.nodes[usize::from(reader)].kind {
            Kind::Each => true,
            Kind::Timer => self.is_mapped(reader),
            Kind::Input | Kind::Step | Kind::Join => false,
        })
    }

    /// Whether the task of this node is a timer.
    pub fn is_timer(&self, node: u16) -> bool {
        self.node(node).is_some_and(|node| node.kind == Kind::Timer)
    }

    /// Where another graph differs from this one, in words, or `None`. Policies are not compared.
    pub fn difference(&self, other: &Self) -> Option<String> {
        for (at, (old, new)) in self.nodes.iter().zip(&other.nodes).enumerate() {
            if (old.kind, &old.name, &old.inputs) != (new.kind, &new.name, &new.inputs) {
                return Some(format!("node {at} was {} and is now {}", old.describe(), new.describe()));
            }
        }
        let (old, new) = (self.nodes.len(), other.nodes.len());
        let (more, verb) = if old > new { (self, "is gone") } else { (other, "is new") };
        let extra = more.nodes.get(old.min(new))?;
        Some(format!("node {}, {}, {verb}", old.min(new), extra.describe()))
    }

    fn add(&mut self, kind: Kind, name: &str, inputs: Vec<u16>, policy: Policy) -> u16 {
        let number = u16::try_from(self.nodes.len()).expect("a workflow has fewer than 65,536 nodes");
        assert!(inputs.iter().all(|input| *input < number), "a node stands after its inputs");
        self.nodes.push(NodeShape { kind, name: name.to_owned(), inputs, policy, next: None, delay: Duration::ZERO });
        number
    }
}

impl NodeShape {
    fn describe(&self) -> String {
        match self.kind {
            Kind::Input => "the input".to_owned(),
            Kind::Step => format!("step {} after node {}", self.name, self.inputs[0]),
            Kind::Each => format!("each {} over node {}", self.name, self.inputs[0]),
            Kind::Timer => format!("a timer after node {}", self.inputs[0]),
            Kind::Join => format!("the join of nodes {} and {}", self.inputs[0], self.inputs[1]),
        }
    }
}
