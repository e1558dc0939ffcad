//! `$eval`, `$if`, `$let`, `$match`, `$switch`.

use super::properties;
use crate::{
    context::{Frame, Variables},
    error::{Error, Segment},
    text,
    value::{Map, Value},
};

/// The expression under a key of an operator.
fn expression<'m>(map: &'m Map, name: &str, message: &str) -> Result<&'m str, Error> {
    map.get(name).and_then(Value::as_str).ok_or_else(|| Error::template(message))
}

pub(super) fn eval(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    properties::check(map, &["$eval"])?;
    frame.evaluate(expression(map, "$eval", "$eval must be given a string expression")?).map(Some)
}

pub(super) fn if_then_else(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    if map.contains_key("$then") {
        return Err(Error::template("$if Syntax error: $then: should be spelled then: (no $)"));
    }
    properties::check(map, &["$if", "then", "else"])?;
    let condition = expression(map, "$if", "$if can evaluate string expressions only")?;
    let branch = if frame.evaluate(condition)?.is_truthy() { "then" } else { "else" };
    map.get(branch).map_or(Ok(None), |template| frame.optional_operand(template, branch))
}

pub(super) fn bind(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    properties::check(map, &["$let", "in"])?;
    let no_object = || Error::template("$let value must be an object");
    map.get("$let").and_then(Value::as_object).ok_or_else(no_object)?;
    let variables = frame.operand(map, "$let")?;
    let variables = variables.as_object().ok_or_else(no_object)?;
    if !variables.keys().all(|name| text::is_identifier(name)) {
        return Err(Error::template("top level keys of $let must follow /[a-zA-Z_][a-zA-Z0-9_]*/"));
    }
    let body = map.get("in").filter(|body| !matches!(body, Value::Null));
    let body = body.ok_or_else(|| Error::template("$let operator requires an `in` clause"))?;
    frame.with(Variables::Let(variables), |frame| frame.optional_operand(body, "in"))
}

pub(super) fn match_all(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    properties::check(map, &["$match"])?;
    let cases = map.get("$match").and_then(Value::as_object);
    let cases = cases.ok_or_else(|| Error::template("$match can evaluate objects only"))?;
    let found = true_cases(frame, cases)?;
    // Also a case that yields nothing has its place in the list.
    let found = found.into_iter().map(|case| case.unwrap_or_else(|| Value::from(Map::new())));
    frame.budget.array(found.collect()).map(Some)
}

pub(super) fn switch(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    properties::check(map, &["$switch"])?;
    let cases = map.get("$switch").and_then(Value::as_object);
    let cases = cases.ok_or_else(|| Error::template("$switch can evaluate objects only"))?;
    let mut found = true_cases(frame, cases)?;
    match (found.len(), cases.get("$default")) {
        (2.., _) => Err(Error::template("$switch can only have one truthy condition")),
        (0, Some(default)) => frame.optional_operand(default, "$default"),
        _ => Ok(found.pop().flatten()),
    }
}

/// The results of all cases whose condition is true, in the order of the conditions.
fn true_cases(frame: &Frame<'_>, cases: &Map) -> Result<Vec<Option<Value>>, Error> {
    let mut cases: Vec<_> = cases.iter().filter(|(condition, _)| &***condition != "$default").collect();
    cases.sort_by(|(left, _), (right, _)| text::order(left, right));
    let mut found = Vec::new();
    for (condition, result) in cases {
        let in_case = |error: Error| error.within(Segment::Operand(condition.clone()));
        if frame.evaluate(condition).map_err(in_case)?.is_truthy() {
            found.push(frame.optional_operand(result, condition)?);
        }
    }
    Ok(found)
}
