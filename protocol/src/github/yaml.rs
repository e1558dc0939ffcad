//! YAML of repositories.

use serde_json::Value;

/// Reads one document. Only `true` and `false` are booleans: GitHub's users write names and symbols like `N` and `on`, which other
/// readers of these files take for texts.
pub(super) fn read_yaml(text: &str) -> Result<Value, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| format!("is no YAML that can be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_words_are_no_booleans() {
        let read = read_yaml("\u{feff}{a: N, b: y, c: on, d: no, e: true, f: 'true'}").unwrap();
        assert_eq!(read, serde_json::json!({ "a": "N", "b": "y", "c": "on", "d": "no", "e": true, "f": "true" }));
    }
}
