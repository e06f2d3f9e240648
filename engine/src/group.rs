//! Groups: which steps of a plan are run in one pass, and how.

use std::{sync::Arc, time::Duration};

use stagemark_rules::TaskId;

use crate::{
    Options, StepService,
    reuse::Recipe,
    workflow::{Plan, Planned},
};

impl Plan {
    /// Makes groups of those neighbours that can be run in one pass: steps of one family and pool, of which the second
    /// alone reads what the first makes. `may` tells which of them this worker runs in passes at all.
    pub(crate) fn fuse(&mut self, may: impl Fn(&Planned) -> bool) {
        let nodes = 0..u16::try_from(self.steps.len()).unwrap_or(u16::MAX);
        let mut has_groups = false;
        for first in nodes.clone() {
            if let Some(next) = self.goes_on_with(first, &may) {
                has_groups |= self.shape.fuse(first, next);
            }
        }
        if !has_groups {
            return;
        }
        let pass = |first| -> Option<Planned> {
            let members: Option<Vec<_>> = self.shape.group(first).map(|node| self.step(node)).collect();
            members.filter(|members| members.len() > 1).and_then(|members| Planned::in_one_pass(&members))
        };
        self.passes = nodes.map(pass).collect();
    }

    /// The step that can be run in one pass with this one.
    fn goes_on_with(&self, first: u16, may: impl Fn(&Planned) -> bool) -> Option<u16> {
        let one = self.step(first)?;
        let family = one.share.as_ref()?.family();
        let is_seen = first == self.output || self.materialized.contains(&first);
        let next = self.shape.readers(first).next()?;
        let other = self.step(next)?;
        let is_one_family = other.share.as_ref()?.family() == family;
        let is_one_pool = one.options.pool == other.options.pool;
        (!is_seen && is_one_family && is_one_pool && may(one) && may(other)).then_some(next)
    }

    fn step(&self, node: u16) -> Option<&Planned> {
        self.steps.get(usize::from(node))?.as_ref()
    }

    /// What an attempt runs that begins at this task and is at these: the step, or the group in one pass.
    pub(crate) fn attempt_at(&self, first: TaskId, mut tasks: impl Iterator<Item = TaskId>) -> Option<&Planned> {
        let is_first = tasks.next() == Some(first);
        let Some(second) = tasks.next() else { return self.step(first.node).filter(|_| is_first) };
        let is_group = std::iter::once(second).chain(tasks).eq(self.shape.group(first.node).skip(1).map(TaskId::of));
        self.passes.get(usize::from(first.node))?.as_ref().filter(|_| is_first && is_group)
    }

    /// What an attempt would run that begins at a node of which nothing is known yet.
    pub(crate) fn attempt_from(&self, node: usize) -> Option<&Planned> {
        self.passes.get(node).and_then(Option::as_ref).or_else(|| self.steps.get(node)?.as_ref())
    }
}

impl Planned {
    /// These steps in one pass. Its policy is for the rules to tell, from those of the steps.
    fn in_one_pass(members: &[&Self]) -> Option<Self> {
        let last = members.last()?;
        let mut slots: Vec<_> = members.iter().map(|member| member.name).collect();
        slots.sort_unstable();
        slots.dedup();
        let timeout =
            members.iter().map(|member| member.options.timeout).fold(Duration::ZERO, Duration::saturating_add);
        let heartbeat = members.iter().filter_map(|member| member.options.heartbeat).min();
        let options = Options { timeout, heartbeat, ..last.options.clone() };
        let shares: Option<Arc<[_]>> = members.iter().map(|member| member.share.clone()).collect();
        let service = StepService::in_one_pass(shares?);
        // What it makes may be taken for that of all its steps, or not at all.
        let recipes: Option<Vec<_>> = members.iter().map(|member| member.recipe).collect();
        let recipe = recipes.and_then(|recipes| Recipe::of_pass(&recipes));
        Some(Self { name: last.name, slots: slots.into(), options, service, share: None, recipe, fits: last.fits })
    }
}
