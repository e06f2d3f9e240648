//! The values between steps, as JSON text: they are joined as text, and never parsed but by the step that takes them.

use std::sync::Arc;

use serde_json::value::RawValue;
use stagemark_rules::{Kind, NodeShape, Run, Shape, TaskId};

/// The values of a run, as far as its tasks have made them.
pub(crate) struct Values<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) input: &'a Arc<str>,
    pub(crate) run: &'a Run,
    /// What a task has made.
    pub(crate) output: &'a dyn Fn(TaskId) -> Option<Arc<str>>,
}

impl Values<'_> {
    /// The value of a node whose tasks are done.
    pub(crate) fn of(&self, node: u16) -> Arc<str> {
        let part = |id| (self.output)(id).unwrap_or_else(|| Arc::from("null"));
        let NodeShape { kind, inputs, .. } = &self.shape.nodes()[usize::from(node)];
        match kind {
            Kind::Input => Arc::clone(self.input),
            Kind::Step => part(TaskId::of(node)),
            Kind::Timer => self.of(inputs[0]),
            Kind::Each => list(self.run.of_node(node).iter().map(|(id, _)| part(*id))),
            Kind::Join => list(inputs.iter().map(|side| self.of(*side))),
        }
    }
}

fn list(parts: impl Iterator<Item = Arc<str>>) -> Arc<str> {
    let mut text = String::from("[");
    for part in parts {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&part);
    }
    text.push(']');
    text.into()
}

/// The items of a list, each as JSON.
pub(crate) fn items(list: &str) -> Result<Vec<Arc<str>>, serde_json::Error> {
    let items: Vec<&RawValue> = serde_json::from_str(list)?;
    Ok(items.into_iter().map(|item| Arc::from(item.get())).collect())
}

/// How many items a list has.
pub(crate) fn width(list: &str) -> Result<u32, serde_json::Error> {
    let items: Vec<&RawValue> = serde_json::from_str(list)?;
    u32::try_from(items.len()).map_err(serde::de::Error::custom)
}
