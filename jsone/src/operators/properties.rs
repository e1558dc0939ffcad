//! The keys that an operator has beside its own.

use crate::{
    error::Error,
    text,
    value::{Map, Value},
};

/// A key that names variables, as `each(x, i)` and `by(x)`, with the template or expression under it.
pub(super) struct Binding<'m> {
    pub(super) key: &'m str,
    pub(super) names: Vec<&'m str>,
    pub(super) body: &'m Value,
}

/// Refuses keys that the operator does not know.
pub(super) fn check(map: &Map, known: &[&str]) -> Result<(), Error> {
    check_with_binding(map, known, "", 0..=0).map(|_| ())
}

/// The same, with the bindings `word(…)` of so many names.
///
/// The other implementations also accept keys that merely contain or begin with a known one, as `$else`; here they are errors.
pub(super) fn check_with_binding<'m>(
    map: &'m Map,
    known: &[&str],
    word: &str,
    count: std::ops::RangeInclusive<usize>,
) -> Result<Vec<Binding<'m>>, Error> {
    let mut bindings = Vec::new();
    let mut unknown = Vec::new();
    for (key, body) in map.iter().filter(|(key, _)| !known.contains(&&***key)) {
        match names(key, word).filter(|names| count.contains(&names.len())) {
            Some(names) => bindings.push(Binding { key, names, body }),
            None => unknown.push(&**key),
        }
    }
    if unknown.is_empty() {
        return Ok(bindings);
    }
    unknown.sort_by(|left, right| text::order(left, right));
    let list = crate::error::quoted(&unknown.join(" "));
    Err(Error::template(format!("{} has undefined properties: {list}", known[0])))
}

fn names<'m>(key: &'m str, word: &str) -> Option<Vec<&'m str>> {
    let list = key.strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')')?;
    let mut names = vec![list.split(',').next()?];
    names.extend(list.split(',').skip(1).map(|name| name.trim_start_matches(text::is_space)));
    names.iter().all(|name| text::is_identifier(name)).then_some(names)
}

/// The one binding of an operator that has so many properties in all.
pub(super) fn only<'m>(map: &Map, bindings: Vec<Binding<'m>>, properties: usize) -> Result<Binding<'m>, Error> {
    let count = if properties == 2 { "two" } else { "three" };
    let operator = map.keys().find(|key| super::named(key).is_some()).map_or("", |key| key);
    let wrong = || Error::template(format!("{operator} must have exactly {count} properties"));
    if map.len() == properties { bindings.into_iter().next().ok_or_else(wrong) } else { Err(wrong()) }
}
