//! The next date of an expression.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Timelike};

use super::{Cron, Field};
use crate::time::{LATEST, Timestamp};

/// Within this many months every day of a month has been every day of the week.
const CYCLE_MONTHS: u32 = 400 * 12;

impl Cron {
    /// The first date later than this one, in whole seconds. `None` only beyond the last date there is.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let first = (after + TimeDelta::seconds(1)).naive_utc().with_nanosecond(0)?;
        let on_first_day = self.time_from(first.time()).filter(|_| self.has_day(first.date()));
        let found = match on_first_day {
            Some(time) => first.date().and_time(time),
            None => self.day_after(first.date())?.and_time(self.time_from(NaiveTime::MIN)?),
        };
        Some(found.and_utc()).filter(|date| *date <= LATEST)
    }

    /// Whether there is no such date: only a day of month can be one that none of the months has.
    pub(super) fn never_fires(&self) -> bool {
        let longest = |month: u32| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let first_day = self.days.at_or_after(1).unwrap_or(u32::MAX);
        let has_room = |month: u32| self.months.has(month) && longest(month) >= first_day;
        self.weekdays.any && !self.days.last_day && !(1..=12).any(has_room)
    }

    fn time_from(&self, time: NaiveTime) -> Option<NaiveTime> {
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let (least_second, least_minute) = (self.seconds.at_or_after(0)?, self.minutes.at_or_after(0)?);
        if self.hours.has(hour) {
            if self.minutes.has(minute)
                && let Some(second) = self.seconds.at_or_after(second)
            {
                return NaiveTime::from_hms_opt(hour, minute, second);
            }
            if let Some(minute) = self.minutes.at_or_after(minute + 1) {
                return NaiveTime::from_hms_opt(hour, minute, least_second);
            }
        }
        NaiveTime::from_hms_opt(self.hours.at_or_after(hour + 1)?, least_minute, least_second)
    }

    fn day_after(&self, day: NaiveDate) -> Option<NaiveDate> {
        let mut day = day.checked_add_days(Days::new(1))?;
        for _ in 0..CYCLE_MONTHS {
            let next_month = day.with_day(1)?.checked_add_months(Months::new(1))?;
            if self.months.has(day.month()) {
                while day < next_month {
                    if self.has_day(day) {
                        return Some(day);
                    }
                    day = day.checked_add_days(Days::new(1))?;
                }
            }
            day = next_month;
        }
        None
    }

    /// Of day of month and day of week one is enough where both are given, and the week of `n#k` holds for both.
    fn has_day(&self, day: NaiveDate) -> bool {
        let Self { days, weekdays, .. } = self;
        let week = day.day().div_ceil(7);
        if !self.months.has(day.month()) || weekdays.nth.is_some_and(|nth| nth != week) {
            return false;
        }
        match (days.any, weekdays.any) {
            (_, true) => has_day_of_month(days, day),
            (true, false) => has_weekday(weekdays, day),
            (false, false) => has_day_of_month(days, day) || has_weekday(weekdays, day),
        }
    }
}

fn has_day_of_month(days: &Field, day: NaiveDate) -> bool {
    days.has(day.day()) || (days.last_day && is_last(day, 1))
}

fn has_weekday(weekdays: &Field, day: NaiveDate) -> bool {
    let weekday = day.weekday().num_days_from_sunday();
    weekdays.has(weekday) || (weekdays.has_last(weekday) && is_last(day, 7))
}

/// Whether the day that many days later is in another month.
fn is_last(day: NaiveDate, days: u64) -> bool {
    day.checked_add_days(Days::new(days)).is_none_or(|later| later.month() != day.month())
}
