//! Hints as messages: JSON that names its format, so that workers of two releases can share a queue.

use std::sync::Arc;

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, ShortString},
};
use serde::{Deserialize, Serialize};
use stagemark::{Priority, RunId, ports::Hint};

use crate::{AmqpError, queue::Queues};

/// The header of a dead letter that says why it is one.
///
/// ```
/// assert_eq!(stagemark_amqp::REASON_HEADER, "x-stagemark-reason");
/// ```
pub const REASON_HEADER: &str = "x-stagemark-reason";
const QUEUE_HEADER: &str = "x-stagemark-queue";
const HEADERS_HEADER: &str = "x-stagemark-headers";
const RUN_HEADER: &str = "x-stagemark-run";
const TRACE_HEADER: &str = "traceparent";
const KIND: &str = "stagemark.hint";

/// The format that is written, and the newest that is read.
const FORMAT: u64 = 1;
/// No hint is longer: a name has 64 bytes.
const LEN_MAX: usize = 4096;
/// The W3C asks for 55 bytes, and lets later versions have more.
const TRACE_LEN_MAX: usize = 256;
/// On disk before it is confirmed.
const PERSISTENT: u8 = 2;

/// A message, and the queues of the pool that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) queues: Queues,
    /// Which of them it goes to.
    pub(crate) queue: ShortString,
    pub(crate) body: Vec<u8>,
    pub(crate) properties: BasicProperties,
}

/// What a hint says, without its pool, which its queue says, and its trace, which a header says.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    format: u64,
    run: RunId,
    node: u16,
    workflow: String,
    version: u32,
    priority: u8,
}

/// As much of a message as every format has.
#[derive(Debug, Deserialize)]
struct AnyBody {
    format: u64,
}

/// Why a message is no hint. It is told without the message, which may hold anything.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it has {len} bytes, and a hint has at most {LEN_MAX}")]
    TooLong { len: usize },
    #[error("it is no hint in JSON: error in line {}, column {}", .0.line(), .0.column())]
    NoHint(serde_json::Error),
    #[error("it has format {format}, and this release reads formats up to {FORMAT}; upgrade the workers of the pool")]
    Newer { format: u64 },
    #[error("it has priority {number}, which there is not")]
    Priority { number: u8 },
}

impl Message {
    pub(crate) fn of_hint(hint: &Hint, prefix: &str) -> Result<Self, AmqpError> {
        let queues = Queues::of(prefix, &hint.pool)?;
        let body = Body {
            format: FORMAT,
            run: hint.run,
            node: hint.node,
            workflow: hint.workflow.to_string(),
            version: hint.version,
            priority: hint.priority.number(),
        };
        let mut headers = FieldTable::default();
        headers.insert(RUN_HEADER.into(), text(hint.run.to_string()));
        if let Some(trace) = &hint.trace {
            headers.insert(TRACE_HEADER.into(), text(trace.as_bytes()));
        }
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_type(KIND.into())
            .with_delivery_mode(PERSISTENT)
            .with_priority(level(hint.priority))
            .with_headers(headers);
        let body = serde_json::to_vec(&body).expect("a hint has names and numbers alone");
        Ok(Self { queue: queues.hints.clone(), queues, body, properties })
    }

    /// What becomes of a message that cannot be read.
    ///
    /// Of its properties only harmless ones are taken over: with others it could end, be refused, or go elsewhere.
    pub(crate) fn dead(queues: Queues, body: Vec<u8>, properties: &BasicProperties, reason: &Unreadable) -> Self {
        let mut headers = FieldTable::default();
        headers.insert(REASON_HEADER.into(), text(reason.to_string()));
        headers.insert(QUEUE_HEADER.into(), text(queues.hints.as_str()));
        if let Some(original) = properties.headers() {
            headers.insert(HEADERS_HEADER.into(), AMQPValue::FieldTable(original.clone()));
        }
        let mut new = BasicProperties::default().with_delivery_mode(PERSISTENT).with_headers(headers);
        if let Some(kind) = properties.content_type() {
            new = new.with_content_type(kind.clone());
        }
        if let Some(id) = properties.message_id() {
            new = new.with_message_id(id.clone());
        }
        Self { queue: queues.dead.clone(), queues, body, properties: new }
    }
}

/// Reads a hint that came from a pool's queue.
pub(crate) fn read(pool: &Arc<str>, body: &[u8], properties: &BasicProperties) -> Result<Hint, Unreadable> {
    if body.len() > LEN_MAX {
        return Err(Unreadable::TooLong { len: body.len() });
    }
    // The format first: what else a newer one says need not be of this form.
    let AnyBody { format } = serde_json::from_slice(body).map_err(Unreadable::NoHint)?;
    if format > FORMAT {
        return Err(Unreadable::Newer { format });
    }
    let Body { run, node, workflow, version, priority: number, .. } =
        serde_json::from_slice(body).map_err(Unreadable::NoHint)?;
    let priority = Priority::of(number).ok_or(Unreadable::Priority { number })?;
    let trace = trace(properties);
    Ok(Hint { run, node, workflow: workflow.into(), version, pool: Arc::clone(pool), priority, trace })
}

/// The trace; none where it is not of a form that could be passed on.
fn trace(properties: &BasicProperties) -> Option<Arc<str>> {
    let value = properties.headers().as_ref()?.inner().get(TRACE_HEADER)?;
    let bytes = value.as_long_string()?.as_bytes();
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= TRACE_LEN_MAX && text.is_ascii())?;
    Some(text.into())
}

/// The priority as brokers have it: from 4.0 on, a quorum queue takes those above 4 first.
fn level(priority: Priority) -> u8 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 4,
        Priority::High => 9,
    }
}

fn text(text: impl AsRef<[u8]>) -> AMQPValue {
    AMQPValue::LongString(text.as_ref().to_vec().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint() -> Hint {
        Hint {
            run: RunId::new(),
            node: 3,
            workflow: "publish-video".into(),
            version: 2,
            pool: "gpu".into(),
            priority: Priority::High,
            trace: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        }
    }

    fn reason(body: &str) -> String {
        read(&"gpu".into(), body.as_bytes(), &BasicProperties::default()).unwrap_err().to_string()
    }

    #[test]
    fn a_hint_is_read_as_it_was_written() {
        let hint = hint();

        let message = Message::of_hint(&hint, "stagemark").unwrap();

        assert_eq!(read(&hint.pool, &message.body, &message.properties).unwrap(), hint);
        assert_eq!(message.queue.as_str(), "stagemark.gpu");
        assert_eq!((message.properties.delivery_mode(), message.properties.priority()), (&Some(2), &Some(9)));
    }

    #[test]
    fn the_format_of_this_release_stays_readable() {
        let body = r#"{"format":1,"run":"01890a5d-ac96-774b-bcce-b302099a8057","node":0,"workflow":"echo",
            "version":1,"priority":1}"#;

        let hint = read(&"default".into(), body.as_bytes(), &BasicProperties::default()).unwrap();

        assert_eq!((hint.workflow.as_ref(), hint.priority, hint.trace), ("echo", Priority::Normal, None));
    }

    #[test]
    fn a_newer_format_is_named() {
        assert!(reason(r#"{"format":2,"runs":[]}"#).starts_with("it has format 2"));
    }

    #[test]
    fn what_is_no_hint_is_refused_without_repeating_it() {
        for body in ["", "secret", "{}", "[1]", r#"{"format":1,"run":"secret"}"#, r#"{"format":"secret"}"#, "\u{0}"] {
            let reason = reason(body);
            assert!(reason.starts_with("it is no hint in JSON") && !reason.contains("secret"), "{reason}");
        }
        assert!(reason(&"[".repeat(LEN_MAX)).starts_with("it is no hint"));
        assert!(reason(&" ".repeat(LEN_MAX + 1)).starts_with("it has 4097 bytes"));
    }

    #[test]
    fn a_dead_letter_keeps_the_body_and_says_why() {
        let mut headers = FieldTable::default();
        headers.insert("CC".into(), text("elsewhere"));
        let properties = BasicProperties::default().with_headers(headers).with_expiration("1".into());

        let queues = Queues::of("stagemark", "gpu").unwrap();
        let dead = Message::dead(queues, b"x".to_vec(), &properties, &Unreadable::Priority { number: 7 });

        let headers = dead.properties.headers().clone().unwrap();
        assert!(headers.inner().contains_key(REASON_HEADER) && !headers.inner().contains_key("CC"));
        assert_eq!((dead.queue.as_str(), dead.body.as_slice()), ("stagemark.gpu.dead", b"x".as_slice()));
        assert_eq!(dead.properties.expiration(), &None);
    }
}
