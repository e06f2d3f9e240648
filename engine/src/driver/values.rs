//! The values between steps, as JSON text: they are joined as text, and never parsed but by the step that takes them.

use std::sync::Arc;

use serde_json::value::RawValue;
use stagemark_rules::{Kind, Run, Shape, TaskId};

/// The value of a node whose tasks are done.
pub(crate) fn value_of(
    shape: &Shape,
    input: &Arc<str>,
    run: &Run,
    output: &dyn Fn(TaskId) -> Option<Arc<str>>,
    node: u16,
) -> Arc<str> {
    let part = |id| output(id).unwrap_or_else(|| Arc::from("null"));
    match shape.nodes()[usize::from(node)].kind {
        Kind::Input => Arc::clone(input),
        Kind::Step => part(TaskId::of(node)),
        Kind::Each => list(run.of_node(node).iter().map(|(id, _)| part(*id))),
        Kind::Join => {
            let sides = &shape.nodes()[usize::from(node)].inputs;
            list(sides.iter().map(|side| value_of(shape, input, run, output, *side)))
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
