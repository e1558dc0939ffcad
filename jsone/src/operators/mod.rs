//! The operators of templates: objects with a key such as `$map`.

mod control;
mod convert;
mod iterate;
mod list;
mod merge;
mod properties;
mod sort;

use crate::{
    context::Frame,
    error::Error,
    value::{Map, Value},
};

type Operator = fn(&Frame<'_>, &Map) -> Result<Option<Value>, Error>;

/// That of an object, if it is one.
pub(crate) fn find(map: &Map) -> Result<Option<Operator>, Error> {
    let mut found = map.keys().filter_map(|key| named(key));
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Error::template("only one operator allowed")),
        (first, None) => Ok(first),
    }
}

fn named(key: &str) -> Option<Operator> {
    Some(match key {
        "$eval" => control::eval,
        "$if" => control::if_then_else,
        "$let" => control::bind,
        "$match" => control::match_all,
        "$switch" => control::switch,
        "$map" => iterate::map,
        "$reduce" => iterate::reduce,
        "$find" => iterate::find,
        "$merge" => merge::merge,
        "$mergeDeep" => merge::merge_deep,
        "$flatten" => list::flatten,
        "$flattenDeep" => list::flatten_deep,
        "$reverse" => list::reverse,
        "$sort" => sort::sort,
        "$fromNow" => convert::from_now,
        "$json" => convert::json,
        _ => return None,
    })
}
