//! Whole numbers that may be written as `5.0`, which JSON Schema calls an integer.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Number;

/// Up to here every integer has a float of its own.
const LARGEST_FLOAT: f64 = 9_007_199_254_740_992.0;

/// The integer of a float, if it is exact.
pub(crate) fn from_float(float: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "used only if it is whole and within what a float can tell")]
    let whole = float as i64;
    (float.fract() == 0.0 && float.abs() <= LARGEST_FLOAT).then_some(whole)
}

/// `#[serde(deserialize_with = "number::whole")]`
pub(crate) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let number = Number::deserialize(from)?;
    let whole = number.as_i64().or_else(|| number.as_f64().and_then(from_float));
    whole.ok_or_else(|| D::Error::custom(format!("`{number}` is no whole number of 64 bits")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_without_a_fraction_is_the_integer() {
        #[derive(Deserialize)]
        struct Holder(#[serde(deserialize_with = "whole")] i64);
        let read = |text: &str| serde_json::from_str::<Holder>(text).ok().map(|Holder(number)| number);
        let cases =
            [("5", 5), ("5.0", 5), ("-5.0", -5), ("1.7e12", 1_700_000_000_000), ("9223372036854775807", i64::MAX)];
        assert!(cases.into_iter().all(|(text, number)| read(text) == Some(number)));
        assert!(["5.5", "1e300", "\"5\"", "null"].into_iter().all(|text| read(text).is_none()));
    }
}
