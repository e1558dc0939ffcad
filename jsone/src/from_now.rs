//! Dates relative to another: `2 days 3 hours`.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta, Utc};

use crate::{
    error::{Error, quoted},
    text,
};

/// In the order in which an offset may name them, with their length in seconds: a year is 365 days, a month 30.
const UNITS: &[(&[&str], i64)] = &[
    (&["y", "year", "years", "yr"], 365 * 86_400),
    (&["months", "month", "mo"], 30 * 86_400),
    (&["weeks", "week", "wk", "w"], 7 * 86_400),
    (&["days", "day", "d"], 86_400),
    (&["hours", "hour", "hr", "h"], 3_600),
    (&["minutes", "minute", "min", "m"], 60),
    (&["seconds", "second", "sec", "s"], 1),
];

pub(crate) fn to_text(date: DateTime<Utc>) -> String {
    date.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The date that lies `offset` after `reference`. Dates have four digits for the year, so others are refused.
pub(crate) fn from_now(offset: &str, reference: &str) -> Result<String, Error> {
    let date = read_date(reference).ok_or_else(|| Error::template(format!("'{}' isn't a date", quoted(reference))))?;
    let no_offset = || Error::template(format!("String: '{}' isn't a time expression", quoted(offset)));
    let seconds = offset_seconds(offset).ok_or_else(no_offset)?;
    TimeDelta::try_seconds(seconds)
        .and_then(|delta| date.checked_add_signed(delta))
        .filter(|date| (0..=9999).contains(&date.year()))
        .map(to_text)
        .ok_or_else(|| Error::template(format!("'{}' leads out of the years 0 to 9999", quoted(offset))))
}

/// Date and time with an offset, or a date alone, which is midnight in UTC.
fn read_date(text: &str) -> Option<DateTime<Utc>> {
    let midnight = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    DateTime::parse_from_rfc3339(text).ok().map(|date| date.to_utc()).or_else(|| Some(midnight()?.and_utc()))
}

/// An offset like `2 days 3 hours` in seconds. Letters in any case, spaces anywhere between; `None` for what is no offset or not
/// countable.
pub fn offset_seconds(offset: &str) -> Option<i64> {
    let mut rest = skip_spaces(offset);
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    rest = skip_spaces(rest.strip_prefix(['-', '+']).unwrap_or(rest));
    let mut units = UNITS.iter();
    let mut sum = 0_i64;
    while !rest.is_empty() {
        let (digits, after) = split_where(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_where(skip_spaces(after), |c| !c.is_ascii_alphabetic());
        let unit = unit.to_ascii_lowercase();
        let (_, seconds) = units.find(|(names, _)| names.contains(&unit.as_str()))?;
        sum = sum.checked_add(digits.parse::<i64>().ok()?.checked_mul(*seconds)?)?;
        rest = skip_spaces(after);
    }
    Some(sign * sum)
}

fn skip_spaces(text: &str) -> &str {
    text.trim_start_matches(text::is_space)
}

fn split_where(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read() {
        for (offset, seconds) in [
            ("", 0),
            ("  - ", 0),
            ("1 day", 86_400),
            ("-1d2h", -93_600),
            ("+ 1 Month 3m", 2_592_180),
            ("1 y 2 mo 3 wk 4 d 5 hr 6 min 7 sec", 31_536_000 + 5_184_000 + 1_814_400 + 345_600 + 18_000 + 367),
        ] {
            assert_eq!(offset_seconds(offset), Some(seconds), "{offset}");
        }
        for offset in
            ["1", "day", "1s 1 y", "1 day 1 day", "1.5 days", "1 fortnight", "99999999999999999999 d", "- - 1 d"]
        {
            assert_eq!(offset_seconds(offset), None, "{offset}");
        }
    }

    #[test]
    fn dates_are_counted_in_utc_with_milliseconds() {
        assert_eq!(from_now("1 day", "2017-01-19T16:27:20.974Z").unwrap(), "2017-01-20T16:27:20.974Z");
        assert_eq!(from_now("1h", "2017-01-19T16:27:20+02:00").unwrap(), "2017-01-19T15:27:20.000Z");
        assert_eq!(from_now("", "2017-01-19").unwrap(), "2017-01-19T00:00:00.000Z");
        assert!(from_now("9000 years", "2017-01-19").is_err());
        assert!(from_now("1 day", "yesterday").is_err());
    }
}
