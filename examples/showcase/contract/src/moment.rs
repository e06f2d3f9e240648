//! Moments as the API writes them.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use utoipa::ToSchema;

/// A moment, in milliseconds since 1970 in UTC; on the wire in RFC 3339, as `2026-03-01T12:00:00.000Z`.
///
/// ```
/// use stagemark_contest_contract::Moment;
///
/// let moment: Moment = serde_json::from_str("\"2026-03-01T13:00:00+01:00\"").unwrap();
/// assert_eq!(serde_json::to_string(&moment).unwrap(), "\"2026-03-01T12:00:00.000Z\"");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-03-01T12:00:00.000Z")]
pub struct Moment(pub i64);

impl Moment {
    /// This moment, by the clock of the host.
    pub fn now() -> Self {
        Self(Utc::now().timestamp_millis())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = DateTime::from_timestamp_millis(self.0);
        let time = time.ok_or_else(|| S::Error::custom("a moment that is on no calendar"))?;
        serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text);
        time.map(|time| Self(time.timestamp_millis())).map_err(|_| D::Error::custom("no time in RFC 3339"))
    }
}
