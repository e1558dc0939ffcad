use std::{fmt, str::FromStr};

use chrono::{Days, NaiveTime};
use db::index::{IndexKey, IndexNamespace};
use protocol::{
    reference::Pattern,
    time::{Timestamp, clamp},
};

/// The path of an entry of the index: words with dots between them. The last one is its name, the others are the
/// namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPath(String);

/// The text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no path of the index; it must be words with dots between them, at most {LONGEST} letters in all")]
pub struct NoPath(String);

/// What a reply can carry.
const LONGEST: usize = 255;

impl IndexPath {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn key(&self) -> IndexKey {
        let (namespace, name) = self.0.rsplit_once('.').unwrap_or(("", &self.0));
        (namespace.to_owned(), name.to_owned())
    }

    /// The namespaces that lead to it. They stay until the midnight after the task has expired.
    pub(super) fn namespaces(&self, task_expires: Timestamp) -> impl Iterator<Item = IndexNamespace> {
        let expires = next_midnight(task_expires);
        self.0.match_indices('.').map(move |(end, _)| {
            let namespace = &self.0[..end];
            let (parent, name) = namespace.rsplit_once('.').unwrap_or(("", namespace));
            IndexNamespace { parent: parent.to_owned(), name: name.to_owned(), expires }
        })
    }
}

impl FromStr for IndexPath {
    type Err = NoPath;

    fn from_str(text: &str) -> Result<Self, NoPath> {
        let good = text.len() <= LONGEST && Pattern::IndexPath.matches(text);
        if good { Ok(Self(text.to_owned())) } else { Err(NoPath(text.to_owned())) }
    }
}

impl fmt::Display for IndexPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn next_midnight(time: Timestamp) -> Timestamp {
    let day = time.date_naive().checked_add_days(Days::new(1));
    day.map_or(time, |day| clamp(day.and_time(NaiveTime::MIN).and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_through_its_namespaces() {
        let path: IndexPath = "a.b.c".parse().unwrap();
        let expires: Timestamp = "2026-02-28T23:59:59.999Z".parse().unwrap();
        let midnight: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let expected = [("", "a"), ("a", "b")];
        let expected = expected.map(|(parent, name)| IndexNamespace {
            parent: parent.to_owned(),
            name: name.to_owned(),
            expires: midnight,
        });
        assert_eq!(path.namespaces(expires).collect::<Vec<_>>(), expected);
        assert_eq!(path.key(), ("a.b".to_owned(), "c".to_owned()));
        let short: IndexPath = "a".parse().unwrap();
        assert_eq!((short.key(), short.namespaces(expires).count()), ((String::new(), "a".to_owned()), 0));
    }

    #[test]
    fn namespaces_of_what_never_expires_are_in_range() {
        let path: IndexPath = "a.b".parse().unwrap();
        let expires: Vec<_> = path.namespaces(protocol::time::LATEST).map(|namespace| namespace.expires).collect();
        assert_eq!(expires, [protocol::time::LATEST]);
    }

    #[test]
    fn other_texts_are_no_path() {
        for text in ["", ".", "a.", ".a", "a..b", "a b", "a/b", "é", &"a".repeat(256)] {
            assert!(text.parse::<IndexPath>().is_err(), "{text}");
        }
    }
}
