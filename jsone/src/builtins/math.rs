//! Numbers.

use crate::{context::Frame, error::Error, number, value::Value};

pub(super) fn min(arguments: &[Value]) -> Option<Value> {
    choose(arguments, |least, number| number < least)
}

pub(super) fn max(arguments: &[Value]) -> Option<Value> {
    choose(arguments, |greatest, number| number > greatest)
}

/// NaN among the numbers is the answer.
fn choose(arguments: &[Value], is_better: fn(f64, f64) -> bool) -> Option<Value> {
    let numbers: Vec<f64> = arguments.iter().map(Value::as_number).collect::<Option<_>>()?;
    let better = |best: f64, number: f64| if number.is_nan() || is_better(best, number) { number } else { best };
    numbers.into_iter().reduce(better).map(Value::Number)
}

fn of_number(arguments: &[Value], function: fn(f64) -> f64) -> Option<Value> {
    match arguments {
        [Value::Number(number)] => Some(Value::Number(function(*number))),
        _ => None,
    }
}

pub(super) fn sqrt(arguments: &[Value]) -> Option<Value> {
    of_number(arguments, f64::sqrt)
}

pub(super) fn ceil(arguments: &[Value]) -> Option<Value> {
    of_number(arguments, f64::ceil)
}

pub(super) fn floor(arguments: &[Value]) -> Option<Value> {
    of_number(arguments, f64::floor)
}

pub(super) fn abs(arguments: &[Value]) -> Option<Value> {
    of_number(arguments, f64::abs)
}

/// From the first up to, and without, the second number, in steps of the third.
pub(super) fn range(frame: &Frame<'_>, arguments: &[Value]) -> Result<Option<Value>, Error> {
    let numbers: Option<Vec<f64>> = arguments.iter().map(Value::as_number).collect();
    let (first, end, step) = match numbers.as_deref() {
        Some([first, end]) => (*first, *end, 1.0),
        Some([first, end, step]) => (*first, *end, *step),
        _ => return Ok(None),
    };
    if step == 0.0 || ![first, end, step].into_iter().all(number::is_integer) {
        return Ok(None);
    }
    let count = number::to_count(((end - first) / step).ceil().max(0.0)).unwrap_or(usize::MAX);
    frame.budget.check_range(count)?;
    let items = (0..count).map(|index| Value::Number(first + number::from_count(index) * step));
    frame.budget.array(items.collect()).map(Some)
}

pub(super) fn number(frame: &Frame<'_>, arguments: &[Value]) -> Result<Option<Value>, Error> {
    let [Value::String(text)] = arguments else {
        return Ok(None);
    };
    frame.budget.spend_bytes(text.len())?;
    Ok(Some(Value::Number(number::from_text(text))))
}
