//! The cases of `specification.yml`: that of release 4.8.4 of JSON-e, unmodified (MPL-2.0, github.com/json-e/json-e).

use jsone::Value;

const SPECIFICATION: &str = include_str!("../specification.yml");
const CASES: usize = 1_175;

/// Each with `title`, `context`, `template`, and `result` or `error`.
pub(crate) fn all() -> Vec<Value> {
    let documents = SPECIFICATION.split("\n---\n").map(|text| serde_saphyr::from_str::<Value>(text).unwrap());
    let is_case = |document: &Value| document.as_object().is_some_and(|entries| entries.contains_key("template"));
    let cases: Vec<Value> = documents.filter(is_case).collect();
    assert_eq!(cases.len(), CASES);
    cases
}
