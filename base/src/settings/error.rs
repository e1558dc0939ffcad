//! Errors of settings, with the key and the fix.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("there is no setting `{key}` ({origin}){}", suggestion(near.as_ref()))]
    Unknown { key: String, origin: String, near: Option<String> },
    #[error("the setting `{key}` ({origin}) must be {expected}, not {found}")]
    Kind { key: String, origin: String, expected: String, found: String },
    #[error("the setting `{key}` ({origin}) cannot be used: {reason}")]
    Value { key: String, origin: String, reason: String },
    #[error("the settings file {} cannot be used: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    #[error("the settings cannot be read: {0}")]
    Other(String),
}

fn suggestion(near: Option<&String>) -> String {
    near.map_or_else(
        || "; `drover config explain` lists them all".to_owned(),
        |near| format!("; did you mean `{near}`?"),
    )
}

/// The candidate most similar to `key`, if it is similar enough.
pub(super) fn nearest(key: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let reach = (key.chars().count() / 3).max(2);
    candidates.map(|name| (distance(key, &name), name)).filter(|(far, _)| *far <= reach).min().map(|(_, name)| name)
}

/// The Levenshtein distance.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let names = || ["listen", "data_dir", "workers"].map(str::to_owned).into_iter();
        assert_eq!(nearest("lisen", names()).as_deref(), Some("listen"));
        assert_eq!(nearest("datadir", names()).as_deref(), Some("data_dir"));
        assert_eq!(nearest("colour", names()), None);
    }
}
