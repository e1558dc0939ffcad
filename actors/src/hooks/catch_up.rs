//! Which of the dates that have come is fired, and which are skipped.

use chrono::TimeDelta;
use protocol::{
    cron::Schedule,
    time::{self, Timestamp},
};

use super::CatchUp;

/// A date that is fired within this time was not missed.
pub(super) const PUNCTUAL: TimeDelta = TimeDelta::seconds(60);
/// With `all`, no more of the missed dates are fired.
const MAX_FIRED: usize = 100;
/// Enough for a date each second of a day.
const MAX_COUNTED: usize = 100_000;

/// What to do about a hook whose date has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// Fire for its date. `next`: the date after it, which may have come, too.
    Fire { next: Option<Timestamp> },
    /// Leave out dates up to `next`, which may have come, too.
    Skip { next: Option<Timestamp>, words: String },
}

/// `due`: the date of the hook, which has come.
pub(super) fn plan(schedule: &Schedule, due: Timestamp, mode: CatchUp, window: TimeDelta, now: Timestamp) -> Plan {
    let after = |date: Timestamp| schedule.next_after(date);
    let next = after(due);
    let is_missed = now - due >= PUNCTUAL;
    if !is_missed {
        return Plan::Fire { next };
    }
    // Dates before the window are not counted one by one: there may be very many.
    let oldest = if mode == CatchUp::None { now - PUNCTUAL } else { now - window };
    let first_kept = if due >= oldest { Some(due) } else { after(oldest - TimeDelta::milliseconds(1)) };
    let mut kept: Vec<Timestamp> = std::iter::successors(first_kept, |date| after(*date))
        .take_while(|date| *date <= now)
        .take(MAX_COUNTED)
        .collect();
    let fired = match mode {
        CatchUp::All => MAX_FIRED,
        CatchUp::Latest => 1,
        // Those that are just due are not missed.
        CatchUp::None => MAX_COUNTED,
    };
    let kept = kept.split_off(kept.len().saturating_sub(fired));
    match kept.first() {
        Some(first) if *first == due => Plan::Fire { next },
        first => {
            let next = first.copied().or_else(|| after(now));
            let until = next.map_or_else(|| "now".to_owned(), time::format);
            Plan::Skip { next, words: format!("missed: dates from {} until before {until}", time::format(due)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        time::parse(text).unwrap()
    }

    /// The dates that are fired, starting with one that is due; skips are left out.
    fn fired(mode: CatchUp, due: &str, now: &str) -> (Vec<String>, usize, Option<Timestamp>) {
        let schedule = Schedule::parse(["0 0 * * * *"], "").unwrap();
        let (mut date, mut fired, mut skips) = (Some(at(due)), Vec::new(), 0);
        while let Some(due) = date.filter(|date| *date <= at(now)) {
            date = match plan(&schedule, due, mode, TimeDelta::hours(24), at(now)) {
                Plan::Fire { next } => {
                    fired.push(time::format(due)[..16].to_owned());
                    next
                }
                Plan::Skip { next, .. } => {
                    skips += 1;
                    next
                }
            };
        }
        (fired, skips, date)
    }

    #[test]
    fn a_punctual_date_is_fired_whatever_the_mode() {
        for mode in [CatchUp::Latest, CatchUp::None, CatchUp::All] {
            let (dates, skips, next) = fired(mode, "2026-11-27T05:00:00Z", "2026-11-27T05:00:30Z");
            assert_eq!((dates, skips), (vec!["2026-11-27T05:00".to_owned()], 0));
            assert_eq!(next, Some(at("2026-11-27T06:00:00Z")));
        }
    }

    #[test]
    fn the_latest_of_the_missed_dates_is_fired_and_the_others_are_one_skip() {
        let (dates, skips, next) = fired(CatchUp::Latest, "2026-11-27T05:00:00Z", "2026-11-27T09:30:00Z");
        assert_eq!((dates, skips), (vec!["2026-11-27T09:00".to_owned()], 1));
        assert_eq!(next, Some(at("2026-11-27T10:00:00Z")));
        let (dates, skips, _) = fired(CatchUp::Latest, "2020-01-01T00:00:00Z", "2026-11-27T09:30:00Z");
        assert_eq!((dates, skips), (vec!["2026-11-27T09:00".to_owned()], 1));
    }

    #[test]
    fn none_of_the_missed_dates_is_fired_but_the_one_that_is_due() {
        let (dates, skips, next) = fired(CatchUp::None, "2026-11-27T05:00:00Z", "2026-11-27T09:30:00Z");
        assert_eq!((dates.len(), skips, next), (0, 1, Some(at("2026-11-27T10:00:00Z"))));
        let (dates, skips, _) = fired(CatchUp::None, "2026-11-27T05:00:00Z", "2026-11-27T09:00:05Z");
        assert_eq!((dates, skips), (vec!["2026-11-27T09:00".to_owned()], 1));
    }

    #[test]
    fn all_within_the_window_are_fired() {
        let (dates, skips, _) = fired(CatchUp::All, "2026-11-27T05:00:00Z", "2026-11-27T09:30:00Z");
        assert_eq!((dates.len(), skips), (5, 0));
        let (dates, skips, _) = fired(CatchUp::All, "2026-11-20T05:00:00Z", "2026-11-27T09:30:00Z");
        assert_eq!((dates.len(), skips, dates[0].as_str()), (24, 1, "2026-11-26T10:00"));
    }

    #[test]
    fn of_a_date_each_second_a_hundred_are_fired() {
        let schedule = Schedule::parse(["* * * * * *"], "").unwrap();
        let (due, now) = (at("2025-11-27T05:00:00Z"), at("2026-11-27T05:00:00Z"));
        let Plan::Skip { next, .. } = plan(&schedule, due, CatchUp::All, TimeDelta::hours(24), now) else { panic!() };
        assert_eq!(next, Some(at("2026-11-27T04:58:21Z")));
    }
}
