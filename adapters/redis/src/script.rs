//! Scripts of an application, run on what it keeps beside the engine's in the same Redis.

use fred::types::Value;
use stagemark::ports::AcceleratorError;

use crate::Redis;

/// A script in Lua. Its text goes along each time, so that there is nothing that the server could forget.
///
/// ```no_run
/// # async fn count(redis: stagemark_redis::Redis) -> Result<(), stagemark::ports::AcceleratorError> {
/// use stagemark_redis::{Reply, Script};
///
/// const COUNT: Script = Script::new("counting a visit", "return redis.call('INCRBY', KEYS[1], ARGV[1])");
///
/// let visits = redis.script(&COUNT, vec![redis.key("visits", "front page")], vec!["1".to_owned()]).await?;
/// assert_eq!(visits, Reply::Integer(1));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Script {
    doing: &'static str,
    text: &'static str,
}

impl Script {
    /// A script of this text; errors say what it was doing.
    pub const fn new(doing: &'static str, text: &'static str) -> Self {
        Self { doing, text }
    }
}

/// What a script returned.
///
/// ```
/// use stagemark_redis::Reply;
///
/// assert_eq!(Reply::Text("4.5".to_owned()).number(), Some(4.5));
/// assert_eq!(Reply::Nothing.number::<u64>(), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// `false` or `nil`.
    Nothing,
    /// A number, of which Redis keeps what is before the point.
    Integer(i64),
    /// A text.
    Text(String),
    /// A table.
    List(Vec<Reply>),
}

impl Reply {
    /// The number that this is, or that its text tells.
    pub fn number<T: std::str::FromStr>(&self) -> Option<T> {
        match self {
            Self::Integer(number) => number.to_string().parse().ok(),
            Self::Text(text) => text.parse().ok(),
            Self::Nothing | Self::List(_) => None,
        }
    }
}

impl Redis {
    /// The name of a key of the application's. It begins with the prefix and is none of the engine's; on a cluster, keys
    /// of one name lie on one node, whatever their kinds, so that one script may use them.
    pub fn key(&self, kind: &str, name: &str) -> String {
        self.prefix().of_application(kind, name)
    }

    /// Runs a script of the application's on these keys.
    ///
    /// # Errors
    /// If it was not done, or nothing was heard of it within the time limit: then it may have been done all the same.
    pub async fn script(
        &self,
        script: &Script,
        keys: Vec<String>,
        arguments: Vec<String>,
    ) -> Result<Reply, AcceleratorError> {
        let arguments = arguments.into_iter().map(Value::from).collect();
        let value: Value = self.run(script.doing, script.text, keys, arguments).await?;
        reply(value).ok_or_else(|| AcceleratorError::new(script.doing, "it returned what no script should"))
    }
}

fn reply(value: Value) -> Option<Reply> {
    Some(match value {
        Value::Null => Reply::Nothing,
        Value::Boolean(is_so) => Reply::Integer(is_so.into()),
        Value::Integer(number) => Reply::Integer(number),
        Value::Array(values) => Reply::List(values.into_iter().map(reply).collect::<Option<_>>()?),
        value => Reply::Text(value.into_string()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lua_returns_is_read() {
        let nested = Value::Array(vec![Value::Null, Value::Integer(-3), Value::from("4.25")]);

        let read = reply(nested).unwrap();

        assert_eq!(read, Reply::List(vec![Reply::Nothing, Reply::Integer(-3), Reply::Text("4.25".to_owned())]));
        let Reply::List(values) = read else { unreachable!() };
        assert_eq!(values[1].number::<i64>(), Some(-3));
        assert_eq!(values[2].number::<f64>(), Some(4.25));
        assert_eq!(values[1].number::<u64>(), None, "it is below zero");
    }
}
