//! One field of a cron expression, as a set of numbers.

use std::ops::RangeInclusive;

use super::{error::shortened, hashed};

/// What a field may hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub name: &'static str,
    pub range: RangeInclusive<u32>,
    /// Names of numbers, in order, of which the first stands for the least number.
    names: &'static [&'static str],
    last: Last,
}

/// What `L` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    DayOfMonth,
    /// Only behind a number: `5L`.
    WeekdayOfMonth,
}

pub(super) static SECOND: Kind = plain("second", 0..=59);
pub(super) static MINUTE: Kind = plain("minute", 0..=59);
pub(super) static HOUR: Kind = plain("hour", 0..=23);
pub(super) static DAY_OF_MONTH: Kind = Kind { last: Last::DayOfMonth, ..plain("day of month", 1..=31) };
pub(super) static MONTH: Kind = Kind { names: &MONTHS, ..plain("month", 1..=12) };
/// Both 0 and 7 are Sunday.
pub(super) static DAY_OF_WEEK: Kind =
    Kind { names: &WEEKDAYS, last: Last::WeekdayOfMonth, ..plain("day of week", 0..=7) };

static MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
static WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const fn plain(name: &'static str, range: RangeInclusive<u32>) -> Kind {
    Kind { name, range, names: &[], last: Last::Nothing }
}

/// The numbers of one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    bits: u64,
    /// Written as `*` or `?`: of day of month and day of week then only the other one counts.
    pub any: bool,
    /// The last day of the month.
    pub last_day: bool,
    /// Weekdays whose last one in a month is meant.
    last_weekdays: u64,
    /// `n#k`: only the k-th week of a month.
    pub nth: Option<u32>,
}

impl Field {
    /// The error is to follow the whole expression.
    pub(super) fn parse(kind: &'static Kind, text: &str, seed: &str) -> Result<Self, String> {
        let mut field = Self { any: matches!(text, "*" | "?"), ..Self::default() };
        let listed = match text.split_once('#') {
            Some((day, nth)) if kind.last == Last::WeekdayOfMonth => {
                field.nth = Some(number(kind, nth, &(1..=5))?);
                if day.contains([',', '-', '.', '/', 'L']) {
                    return Err(format!("has `#` beside a list, a range or a step in its {}", kind.name));
                }
                day
            }
            _ => text,
        };
        let listed = hashed::replace(kind, listed, seed)?;
        listed.split(',').try_for_each(|part| field.add(kind, part))?;
        Ok(field)
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.bits & (1 << number) != 0
    }

    pub(super) fn has_last(&self, weekday: u32) -> bool {
        self.last_weekdays & (1 << weekday) != 0
    }

    /// The first number that is not less.
    pub(super) fn at_or_after(&self, number: u32) -> Option<u32> {
        let left = self.bits.checked_shr(number).unwrap_or(0);
        (left != 0).then(|| number + left.trailing_zeros())
    }

    fn add(&mut self, kind: &Kind, part: &str) -> Result<(), String> {
        if let Some(day) = part.strip_suffix('L') {
            return self.add_last(kind, day);
        }
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(kind, step, &(1..=u32::MAX))?)),
            None => (part, None),
        };
        let (first, last) = bounds(kind, range, step.is_some())?;
        for number in (first..=last).step_by(usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX)) {
            self.bits |= 1 << number;
        }
        // Of weekdays the peer adds Sunday to each range that ends in 7, whether a step meets it or not.
        if kind.last == Last::WeekdayOfMonth && last == 7 {
            self.bits |= 1;
        }
        Ok(())
    }

    fn add_last(&mut self, kind: &Kind, day: &str) -> Result<(), String> {
        match kind.last {
            Last::DayOfMonth if day.is_empty() => self.last_day = true,
            Last::WeekdayOfMonth if !day.is_empty() => {
                self.last_weekdays |= 1 << (number(kind, day, &kind.range)? % 7);
            }
            Last::WeekdayOfMonth => return Err(format!("has `L` without a day in its {}", kind.name)),
            _ => return Err(format!("has a number before `L`, or `L` where it means nothing, in its {}", kind.name)),
        }
        Ok(())
    }
}

/// `n/step` goes on to the largest number.
fn bounds(kind: &Kind, range: &str, has_step: bool) -> Result<(u32, u32), String> {
    let (min, max) = (*kind.range.start(), *kind.range.end());
    if matches!(range, "*" | "?") {
        return Ok((min, max));
    }
    let Some((first, last)) = range.split_once('-') else {
        let first = number(kind, range, &kind.range)?;
        return Ok((first, if has_step { max } else { first }));
    };
    let (first, mut end) = (number(kind, first, &kind.range)?, number(kind, last, &kind.range)?);
    if kind.last == Last::WeekdayOfMonth && end == 0 && first > 0 {
        end = 7;
    }
    if first > end {
        return Err(format!("has a range that runs backwards in its {}", kind.name));
    }
    Ok((first, end))
}

fn number(kind: &Kind, text: &str, range: &RangeInclusive<u32>) -> Result<u32, String> {
    let named = kind.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let named = named.and_then(|place| u32::try_from(place).ok()).map(|place| place + kind.range.start());
    let digits = || text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let found = named.or_else(digits).filter(|number| range.contains(number));
    found.ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        let limits = if *most == u32::MAX { format!("at least {least}") } else { format!("{least} to {most}") };
        format!("has `{}` in its {}, where a number is expected, {limits}", shortened(text), kind.name)
    })
}
