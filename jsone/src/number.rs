//! Numbers as JavaScript reads and prints them: all are 64-bit floats.

/// `String(number)`: the shortest digits that read back as the same number, with an exponent from 1e21 and below 1e-6.
pub(crate) fn to_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if let Some(integer) = to_exact_integer(number) {
        return integer.to_string(); // 0 for -0
    }
    let sign = if number < 0.0 { "-" } else { "" };
    if number.is_infinite() {
        return format!("{sign}Infinity");
    }
    // Rust finds the same digits, and writes them as d.ddde-7.
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    format!("{sign}{}", placed(&digits, exponent.parse().unwrap_or(0)))
}

/// The digits with their point, where the first digit counts 10 to the power of `exponent`.
fn placed(digits: &str, exponent: i32) -> String {
    let point = usize::try_from(exponent + 1).unwrap_or(0);
    match exponent {
        0..=20 if digits.len() <= point => format!("{digits}{}", "0".repeat(point - digits.len())),
        0..=20 => format!("{}.{}", &digits[..point], &digits[point..]),
        -6..=-1 => format!("0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1)),
        _ => {
            let rest = if digits.len() > 1 { format!(".{}", &digits[1..]) } else { String::new() };
            format!("{}{rest}e{}{}", &digits[..1], if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs())
        }
    }
}

/// `Number(text)`: NaN for what is no number.
pub(crate) fn from_text(text: &str) -> f64 {
    let text = text.trim_matches(crate::text::is_space);
    let radix = |digits: Option<&str>, radix| digits.map(|digits| whole(digits, radix));
    let lower = text.to_ascii_lowercase();
    if let Some(number) = radix(lower.strip_prefix("0x"), 16)
        .or_else(|| radix(lower.strip_prefix("0o"), 8))
        .or_else(|| radix(lower.strip_prefix("0b"), 2))
    {
        return number;
    }
    match text.strip_prefix(['+', '-']).unwrap_or(text) {
        "" if text.is_empty() => 0.0,
        "Infinity" if text.starts_with('-') => f64::NEG_INFINITY,
        "Infinity" => f64::INFINITY,
        // Rust also reads "inf" and "nan".
        unsigned if unsigned.contains(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E')) => f64::NAN,
        _ => text.parse().unwrap_or(f64::NAN),
    }
}

fn whole(digits: &str, radix: u32) -> f64 {
    let add = |sum: f64, digit: char| Some(sum * f64::from(radix) + f64::from(digit.to_digit(radix)?));
    let sum = if digits.is_empty() { None } else { digits.chars().try_fold(0.0, add) };
    sum.unwrap_or(f64::NAN)
}

/// `Math.pow`, which has no answer where IEEE 754 says 1.
#[expect(clippy::float_cmp, reason = "exactly one")]
pub(crate) fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || (base.abs() == 1.0 && exponent.is_infinite()) { f64::NAN } else { base.powf(exponent) }
}

pub(crate) fn is_integer(number: f64) -> bool {
    number.is_finite() && number.fract() == 0.0
}

/// A whole number that is not negative, as a count or an index. Larger numbers become `usize::MAX`.
pub(crate) fn to_count(number: f64) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked, and saturating")]
    (is_integer(number) && number >= 0.0).then_some(number as usize)
}

pub(crate) fn from_count(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no length comes near 2^53")]
    let number = count as f64;
    number
}

/// A whole number up to 2^53, where floats and integers are the same.
fn to_exact_integer(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked")]
    (is_integer(number) && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

/// Without fraction, as JSON is printed. Beyond 2^53 it has the digits that JavaScript prints, which are not all of the float's;
/// `None` where only a float will do.
pub(crate) fn to_integer(number: f64) -> Option<i64> {
    to_exact_integer(number).or_else(|| to_text(number).parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_javascript_does() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (100.0, "100"),
            (0.1 + 0.2, "0.30000000000000004"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (-9_007_199_254_740_994.0, "-9007199254740994"),
            (1_152_921_504_606_846_976.0, "1152921504606847000"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (0.000_001, "0.000001"),
            (0.000_000_12, "1.2e-7"),
            (f64::INFINITY, "Infinity"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(to_text(number), text);
        }
    }

    #[test]
    fn texts_are_read_as_javascript_does() {
        for (text, number) in [
            ("", 0.0_f64),
            (" 1 ", 1.0),
            ("0x1F", 31.0),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("+2", 2.0),
            ("0b11", 3.0),
        ] {
            assert_eq!(from_text(text).to_bits(), number.to_bits(), "{text}");
        }
        for text in ["inf", "nan", "1_000", "-0x1", "0x", "1 2", "abc", "infinity", "+", "."] {
            assert!(from_text(text).is_nan(), "{text}");
        }
    }
}
