//! Times in words, relative to the time of submission: `2 hours`, `1 day 30 minutes`, `-5m`.

use chrono::{Months, TimeDelta};
use protocol::time::{Timestamp, is_tellable};

/// The time that the text mean, or `None` when they mean none.
pub(super) fn from_now(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    let (back, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let mut rest = text.trim_start_matches('+').trim_start();
    if rest.is_empty() {
        return None;
    }
    let mut time = now;
    while !rest.is_empty() {
        let (number, after) = split(rest, |letter| letter.is_ascii_digit());
        let (unit, after) = split(after.trim_start(), char::is_alphabetic);
        time = step(time, number.parse().ok()?, unit, back)?;
        rest = after.trim_start();
    }
    Some(time).filter(is_tellable)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !belongs(letter)).unwrap_or(text.len()))
}

/// Months and years follow the calendar.
fn step(time: Timestamp, number: u32, unit: &str, back: bool) -> Option<Timestamp> {
    let months = match unit {
        "mo" | "month" | "months" => number,
        "y" | "yr" | "year" | "years" => number.checked_mul(12)?,
        _ => {
            let length = TimeDelta::try_seconds(i64::from(number) * seconds(unit)?)?;
            return if back { time.checked_sub_signed(length) } else { time.checked_add_signed(length) };
        }
    };
    if back { time.checked_sub_months(Months::new(months)) } else { time.checked_add_months(Months::new(months)) }
}

fn seconds(unit: &str) -> Option<i64> {
    Some(match unit {
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        "w" | "wk" | "week" | "weeks" => 7 * 86_400,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use protocol::time::{format, parse};

    use super::*;

    #[test]
    fn every_unit_is_understood() {
        let now = parse("2026-01-31T12:00:00Z").unwrap();
        let cases = [
            ("2h", "2026-01-31T14:00:00.000Z"),
            ("1 day 30 minutes", "2026-02-01T12:30:00.000Z"),
            ("-5m", "2026-01-31T11:55:00.000Z"),
            ("1 month", "2026-02-28T12:00:00.000Z"),
            ("1y2w", "2027-02-14T12:00:00.000Z"),
        ];
        for (text, time) in cases {
            assert_eq!(from_now(text, now).map(format).as_deref(), Some(time), "{text}");
        }
    }

    #[test]
    fn other_text_is_no_time() {
        let now = parse("2026-01-31T12:00:00Z").unwrap();
        for text in ["", "soon", "2", "2 fortnights", "h", "99999999999 y"] {
            assert_eq!(from_now(text, now), None, "{text}");
        }
    }
}
