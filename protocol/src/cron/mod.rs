//! Cron expressions of hooks: when they next come due.
//!
//! Taskcluster reads them with npm `cron-parser` 5.6.2, and so does this module, to the second: `golden.json` holds what that
//! parser answered to some hundred expressions (`golden.cjs` makes it anew). What it accepts by accident is refused
//! here (`5*`, `1-2-3`, fewer than five fields, dates that never come), and `H` is a stable hash of the hook instead of another
//! number at each start. All dates are in UTC, where there is no daylight-saving time.

mod error;
mod field;
mod hashed;
mod next;
#[cfg(test)]
mod tests;

pub use error::CronError;

use field::{DAY_OF_MONTH, DAY_OF_WEEK, Field, HOUR, MINUTE, MONTH, SECOND};

use crate::time::Timestamp;

/// One cron expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    seconds: Field,
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

/// The dates of several expressions, each date once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule(Vec<Cron>);

/// A schedule has no more expressions.
pub const MAX_EXPRESSIONS: usize = 100;

impl Cron {
    /// Five fields, or six with the seconds first; or a name like `@daily`. `seed` decides what `H` stands for.
    pub fn parse(text: &str, seed: &str) -> Result<Self, CronError> {
        let error = |reason: String| CronError { expression: error::shortened(text), reason };
        let expression = predefined(text.trim()).unwrap_or(text);
        let mut fields: Vec<&str> = expression.split_whitespace().collect();
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        let [seconds, minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(error(format!("must have five or six fields and has {}", fields.len())));
        };
        let read = |kind: &'static field::Kind, text: &str| Field::parse(kind, text, seed).map_err(error);
        let cron = Self {
            seconds: read(&SECOND, seconds)?,
            minutes: read(&MINUTE, minutes)?,
            hours: read(&HOUR, hours)?,
            days: read(&DAY_OF_MONTH, days)?,
            months: read(&MONTH, months)?,
            weekdays: read(&DAY_OF_WEEK, weekdays)?,
        };
        if cron.never_fires() {
            return Err(error("never fires: no month of it has such a day".to_owned()));
        }
        Ok(cron)
    }
}

impl Schedule {
    /// `seed` decides what `H` stands for: the hook's own ids.
    pub fn parse<'a>(expressions: impl IntoIterator<Item = &'a str>, seed: &str) -> Result<Self, CronError> {
        let all = expressions.into_iter().map(|text| Cron::parse(text, seed)).collect::<Result<Vec<_>, _>>()?;
        if all.len() > MAX_EXPRESSIONS {
            let reason = format!("is one of {}; a hook has at most {MAX_EXPRESSIONS}", all.len());
            return Err(CronError { expression: "the schedule".to_owned(), reason });
        }
        Ok(Self(all))
    }

    /// The first date later than this one; `None` for a schedule without expressions.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.0.iter().filter_map(|cron| cron.next_after(after)).min()
    }
}

fn predefined(text: &str) -> Option<&'static str> {
    Some(match text {
        "@yearly" | "@annually" => "0 0 0 1 1 *",
        "@monthly" => "0 0 0 1 * *",
        "@weekly" => "0 0 0 * * 0",
        "@daily" => "0 0 0 * * *",
        "@hourly" => "0 0 * * * *",
        "@minutely" => "0 * * * * *",
        "@secondly" => "* * * * * *",
        "@weekdays" => "0 0 0 * * 1-5",
        "@weekends" => "0 0 0 * * 0,6",
        _ => return None,
    })
}
