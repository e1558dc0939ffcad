//! How many workers `drover dev` starts.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// As many as tasks need, or a number that is always there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum WorkerCount {
    /// From none to as many as this machine bears, by the provisioner.
    #[default]
    Auto,
    Fixed(u32),
}

const AUTO: &str = "auto";

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no number of workers: write `auto`, or a number")]
pub(crate) struct InvalidCount(String);

impl WorkerCount {
    /// Those that are always there.
    pub(crate) const fn fixed(self) -> u32 {
        match self {
            Self::Auto => 0,
            Self::Fixed(count) => count,
        }
    }
}

impl FromStr for WorkerCount {
    type Err = InvalidCount;

    fn from_str(text: &str) -> Result<Self, InvalidCount> {
        match text {
            AUTO => Ok(Self::Auto),
            text => text.parse().map(Self::Fixed).map_err(|_| InvalidCount(text.to_owned())),
        }
    }
}

impl fmt::Display for WorkerCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str(AUTO),
            Self::Fixed(count) => count.fmt(f),
        }
    }
}

impl Serialize for WorkerCount {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => to.serialize_str(AUTO),
            Self::Fixed(count) => to.serialize_u32(*count),
        }
    }
}

impl<'de> Deserialize<'de> for WorkerCount {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl de::Visitor<'_> for CountVisitor {
    type Value = WorkerCount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`auto` or a number of workers")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<WorkerCount, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<WorkerCount, E> {
        count.to_string().parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, count: i64) -> Result<WorkerCount, E> {
        count.to_string().parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_number_or_auto() {
        for (text, count) in [("auto", WorkerCount::Auto), ("0", WorkerCount::Fixed(0)), ("12", WorkerCount::Fixed(12))]
        {
            assert_eq!(text.parse(), Ok(count));
            assert_eq!(count.to_string(), text);
            assert_eq!(serde_json::from_value::<WorkerCount>(serde_json::to_value(count).unwrap()).unwrap(), count);
        }
        for text in ["", "-1", "two", "Auto", "4294967296"] {
            assert!(text.parse::<WorkerCount>().unwrap_err().to_string().contains("write `auto`"), "{text}");
        }
    }
}
