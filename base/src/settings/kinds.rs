//! Value types of settings.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text that is never shown: not in logs, not in `config show`. Only [`Secret::reveal`] returns it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

const HIDDEN: &str = "(hidden)";

impl Secret {
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    /// An empty secret is shown as empty, so that a missing one is visible.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(if self.is_empty() { "" } else { HIDDEN })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self)
    }
}

/// A duration like `500ms`, `30s`, `20m`, `12h`, `2d`, `1h30m`, or in words like `20 minutes`. A plain number is seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigDuration(Duration);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no duration; write it like `500ms`, `30s`, `20m`, `12h`, `2d` or `1h30m`")]
pub struct InvalidDuration(String);

/// Largest first, as they are written.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl ConfigDuration {
    pub const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    pub const fn minutes(minutes: u64) -> Self {
        Self::seconds(minutes * 60)
    }

    pub const fn hours(hours: u64) -> Self {
        Self::minutes(hours * 60)
    }

    pub const fn days(days: u64) -> Self {
        Self::hours(days * 24)
    }

    pub const fn duration(self) -> Duration {
        self.0
    }

    /// For arithmetic with times; saturates.
    pub fn delta(self) -> chrono::TimeDelta {
        chrono::TimeDelta::from_std(self.0).unwrap_or(chrono::TimeDelta::MAX)
    }
}

impl From<ConfigDuration> for Duration {
    fn from(duration: ConfigDuration) -> Self {
        duration.0
    }
}

impl FromStr for ConfigDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        parse(text.trim()).map(Self).ok_or_else(|| InvalidDuration(text.to_owned()))
    }
}

impl fmt::Display for ConfigDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if left == 0 {
            return f.write_str("0s");
        }
        for (unit, millis) in UNITS {
            if left >= millis {
                write!(f, "{}{unit}", left / millis)?;
                left %= millis;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ConfigDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ConfigDuration {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ConfigDuration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(DurationVisitor)
    }
}

struct DurationVisitor;

impl de::Visitor<'_> for DurationVisitor {
    type Value = ConfigDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration like `20m`, or a number of seconds")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ConfigDuration, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<ConfigDuration, E> {
        Ok(ConfigDuration::seconds(seconds))
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<ConfigDuration, E> {
        u64::try_from(seconds).map(ConfigDuration::seconds).map_err(|_| E::custom(InvalidDuration(seconds.to_string())))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<ConfigDuration, E> {
        Duration::try_from_secs_f64(seconds)
            .map(ConfigDuration)
            .map_err(|_| E::custom(InvalidDuration(seconds.to_string())))
    }
}

/// A plain number of seconds, or what `humantime` accepts.
fn parse(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    humantime::parse_duration(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_parsed() {
        let cases = [
            ("20m", 1200),
            ("30s", 30),
            ("1h", 3600),
            ("1h30m", 5400),
            ("2d", 172_800),
            ("20 minutes", 1200),
            ("45", 45),
            ("0", 0),
        ];
        for (text, seconds) in cases {
            assert_eq!(text.parse(), Ok(ConfigDuration::seconds(seconds)), "{text}");
        }
        assert_eq!("1500ms".parse::<ConfigDuration>().unwrap().to_string(), "1s500ms");
        assert_eq!("0.5".parse(), Ok(ConfigDuration::millis(500)));
    }

    #[test]
    fn a_duration_is_shown_in_the_short_form() {
        for text in ["20m", "1h30m", "500ms", "2d", "0s"] {
            assert_eq!(text.parse::<ConfigDuration>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_no_durations() {
        for text in ["", "m", "20 fortnights", "-5", "1x", "99999999999999999999d", "inf"] {
            assert!(text.parse::<ConfigDuration>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_shown_only_by_reveal() {
        let secret = Secret::from("secret");
        assert_eq!(format!("{secret:?}"), "(hidden)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"(hidden)\"");
        assert_eq!(secret.reveal(), "secret");
    }
}
