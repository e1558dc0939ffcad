//! The file `.cron.yml`: decision tasks of a repository that run at times of the day, in steps of a quarter of an hour, in UTC.

use chrono::{Datelike, TimeDelta, Timelike};
use regex::RegexBuilder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::yaml::read_yaml;
use crate::time::Timestamp;

/// What a `.cron.yml` says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CronFile {
    pub jobs: Vec<CronJob>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CronJob {
    pub name: String,
    pub job: CronJobKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run_on_projects: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    when: Value,
}

/// What a job does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum CronJobKind {
    /// Makes the task of `.taskcluster.yml`.
    DecisionTask(DecisionTask),
    /// Runs an action of the decision task of the newest push.
    TriggerAction(Value),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DecisionTask {
    pub treeherder_symbol: String,
    target_tasks_method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    optimize_target_tasks: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    include_push_tasks: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rebuild_kinds: Vec<String>,
    /// Of a job that is run by hand; there is no input here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    include_cron_input: Option<bool>,
}

/// Dates that match all that it says; of a field that it leaves out each value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Time {
    minute: Option<u32>,
    hour: Option<u32>,
    /// Of the month.
    day: Option<u32>,
    weekday: Option<String>,
}

/// Why a file cannot be used, in words for its author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`.cron.yml` {0}")]
pub struct CronFileError(String);

/// Longer files are not read, in bytes.
const MAX_FILE: usize = 1024 * 1024;
const MAX_JOBS: usize = 1000;
const MAX_NAME: usize = 100;
/// Minutes between two dates of jobs.
/// Of a compiled pattern of `by-project`.
const MAX_PATTERN_BYTES: usize = 64 * 1024;
const STEP: u32 = 15;
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The newest date of jobs that has come.
pub fn cron_date(now: Timestamp) -> Timestamp {
    let late = TimeDelta::minutes(i64::from(now.minute() % STEP))
        + TimeDelta::seconds(i64::from(now.second()))
        + TimeDelta::nanoseconds(i64::from(now.nanosecond()));
    now - late
}

impl CronFile {
    /// Reads a file. Times are checked when they are asked for: those of other projects may be anything.
    pub fn read(text: &str) -> Result<Self, CronFileError> {
        if text.len() > MAX_FILE {
            return Err(CronFileError(format!("has {} bytes; it may have {MAX_FILE}", text.len())));
        }
        let value = read_yaml(text).map_err(CronFileError)?;
        let file: Self = serde_json::from_value(value)
            .map_err(|error| CronFileError(format!("is not as its format says: {error}")))?;
        if file.jobs.len() > MAX_JOBS {
            return Err(CronFileError(format!("has {} jobs; it may have {MAX_JOBS}", file.jobs.len())));
        }
        for (number, job) in file.jobs.iter().enumerate() {
            job.check_name().map_err(CronFileError)?;
            if file.jobs[..number].iter().any(|other| other.name == job.name) {
                return Err(CronFileError(format!("has two jobs named `{}`", job.name)));
            }
        }
        Ok(file)
    }
}

impl CronJob {
    /// It is the end of a scope, where a `*` would stand for all jobs.
    fn check_name(&self) -> Result<(), String> {
        let is_good = (1..=MAX_NAME).contains(&self.name.len())
            && self.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if is_good {
            return Ok(());
        }
        let name: String = self.name.chars().take(MAX_NAME).collect();
        Err(format!(
            "has a job named `{}`; a name must be 1 to {MAX_NAME} letters, digits, `-`, `_` and `.`",
            name.escape_debug()
        ))
    }

    /// The newest of its dates after `after` and up to `until`, in a project; at most a day back.
    pub fn newest_date(&self, project: &str, after: Timestamp, until: Timestamp) -> Result<Option<Timestamp>, String> {
        if self.run_on_projects.as_ref().is_some_and(|projects| !projects.iter().any(|name| name == project)) {
            return Ok(None);
        }
        let error = |words: String| format!("the job `{}` of `.cron.yml` {words}", self.name);
        let times = self.times(project).map_err(error)?;
        let oldest = after.max(until - TimeDelta::days(1));
        let dates = std::iter::successors(Some(cron_date(until)), |date| {
            date.checked_sub_signed(TimeDelta::minutes(i64::from(STEP)))
        });
        Ok(dates.take_while(|date| *date > oldest).find(|date| times.iter().any(|time| time.matches(*date))))
    }

    fn times(&self, project: &str) -> Result<Vec<Time>, String> {
        let times = match self.when.get("by-project") {
            Some(by_project) => of_project(by_project, project)?,
            None => &self.when,
        };
        if times.is_null() {
            return Ok(Vec::new());
        }
        let times: Vec<Time> =
            serde_json::from_value(times.clone()).map_err(|error| format!("has a `when` that is none: {error}"))?;
        times.iter().try_for_each(Time::check)?;
        Ok(times)
    }
}

/// The value for a project: of its name, else of the one pattern that matches it whole, else the default.
fn of_project<'a>(by_project: &'a Value, project: &str) -> Result<&'a Value, String> {
    let values = by_project.as_object().ok_or("has a `by-project` that is no object")?;
    if let Some(value) = values.get(project) {
        return Ok(value);
    }
    let matches = |pattern: &&String| {
        let whole = RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(MAX_PATTERN_BYTES).build();
        whole.is_ok_and(|pattern| pattern.is_match(project))
    };
    let mut matching = values.keys().filter(matches);
    match (matching.next(), matching.next()) {
        (Some(first), Some(second)) => {
            Err(format!("has a `by-project` where `{first}` and `{second}` match the project `{project}`"))
        }
        (Some(only), None) => Ok(&values[only]),
        (None, _) => values.get("default").ok_or_else(|| {
            format!("has a `by-project` with nothing for the project `{project}`, and without a `default`")
        }),
    }
}

impl Time {
    fn check(&self) -> Result<(), String> {
        let ranges = [("minute", self.minute, 0..=59), ("hour", self.hour, 0..=23), ("day", self.day, 1..=31)];
        for (name, value, range) in ranges {
            if let Some(value) = value.filter(|value| !range.contains(value)) {
                return Err(format!("has a `{name}` that must be {} to {}; got {value}", range.start(), range.end()));
            }
        }
        if let Some(minute) = self.minute.filter(|minute| minute % STEP != 0) {
            return Err(format!("has a `minute` that must be a multiple of {STEP}; got {minute}"));
        }
        match &self.weekday {
            Some(day) if !WEEKDAYS.contains(&&*day.to_ascii_lowercase()) => {
                Err(format!("has a `weekday` that must be a day like Monday; got `{day}`"))
            }
            _ => Ok(()),
        }
    }

    fn matches(&self, date: Timestamp) -> bool {
        let weekday = WEEKDAYS[date.weekday().num_days_from_monday() as usize];
        self.minute.is_none_or(|minute| minute == date.minute())
            && self.hour.is_none_or(|hour| hour == date.hour())
            && self.day.is_none_or(|day| day == date.day())
            && self.weekday.as_ref().is_none_or(|day| day.eq_ignore_ascii_case(weekday))
    }
}

impl DecisionTask {
    /// Arguments of `taskgraph decision`, for a shell.
    pub fn quoted_args(&self) -> String {
        let mut arguments = vec![format!("--target-tasks-method={}", self.target_tasks_method)];
        arguments.extend(self.optimize_target_tasks.map(|optimize| format!("--optimize-target-tasks={optimize}")));
        // As the original has it, what it says does not matter.
        arguments.extend(self.include_push_tasks.map(|_| "--include-push-tasks".to_owned()));
        arguments.extend(self.rebuild_kinds.iter().map(|kind| format!("--rebuild-kind={kind}")));
        arguments.iter().map(|argument| quoted(argument)).collect::<Vec<_>>().join(" ")
    }
}

fn quoted(argument: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./-_".contains(&byte);
    if argument.bytes().all(is_plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\"'\"'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn job(when: &str) -> CronJob {
        let text = format!(
            "jobs:\n  - name: nightly\n    job: {{type: decision-task, treeherder-symbol: Nd, target-tasks-method: nightly}}\n    {when}\n"
        );
        CronFile::read(&text).unwrap().jobs.remove(0)
    }

    fn newest(when: &str, after: &str, until: &str) -> Option<String> {
        let date = job(when).newest_date("balrog", at(after), at(until)).unwrap();
        date.map(|date| crate::time::format(date)[..16].to_owned())
    }

    #[test]
    fn dates_are_quarters_of_an_hour() {
        let date = |text: &str| crate::time::format(cron_date(at(text)));
        assert_eq!(date("2026-11-28T12:14:59.999Z"), "2026-11-28T12:00:00.000Z");
        assert_eq!(date("2026-11-28T12:15:00Z"), "2026-11-28T12:15:00.000Z");
        assert_eq!(date("2026-11-28T23:59:59Z"), "2026-11-28T23:45:00.000Z");
    }

    #[test]
    fn of_dates_that_have_passed_the_newest_within_a_day_counts() {
        let (before, now) = ("2026-11-28T08:00:00Z", "2026-11-28T12:07:00Z");
        assert_eq!(newest("when: [{}]", before, now).as_deref(), Some("2026-11-28T12:00"));
        assert_eq!(
            newest("when: [{hour: 10, minute: 0}, {hour: 9}]", before, now).as_deref(),
            Some("2026-11-28T10:00")
        );
        assert_eq!(newest("when: [{hour: 8, minute: 0}]", before, now), None, "its date was done with");
        assert_eq!(newest("when: [{hour: 13}]", before, now), None);
        assert_eq!(newest("when: [{weekday: Saturday, minute: 30}]", before, now).as_deref(), Some("2026-11-28T11:30"));
        assert_eq!(newest("when: [{weekday: Sunday}, {day: 27}]", before, now), None);
        assert_eq!(newest("when: [{day: 27}]", "2026-01-01T00:00:00Z", now).as_deref(), Some("2026-11-27T23:45"));
        assert_eq!(newest("when: [{day: 26}]", "2026-01-01T00:00:00Z", now), None, "more than a day ago");
        for never in ["when: []", ""] {
            assert_eq!(newest(never, before, now), None);
        }
    }

    #[test]
    fn projects_have_times_of_their_own() {
        let (before, now) = ("2026-11-28T11:00:00Z", "2026-11-28T12:07:00Z");
        let some = Some("2026-11-28T12:00".to_owned());
        assert_eq!(newest("run-on-projects: [other]\n    when: [{}]", before, now), None);
        assert_eq!(newest("run-on-projects: [other, balrog]\n    when: [{}]", before, now), some);
        for (by_project, expected) in [
            ("balrog: [{}]\n        default: []", some.clone()),
            ("other: [{}]\n        default: []", None),
            ("bal.*: [{}]\n        default: []", some),
            ("alro: [{}]\n        default: []", None),
        ] {
            assert_eq!(newest(&format!("when:\n      by-project:\n        {by_project}"), before, now), expected);
        }
        let error = |by_project: &str| {
            let job = job(&format!("when:\n      by-project:\n        {by_project}"));
            job.newest_date("balrog", at(before), at(now)).unwrap_err()
        };
        assert!(error("other: [{}]").contains("without a `default`"));
        assert!(error("b.*: [{}]\n        ba.*: []").contains("match the project `balrog`"));
        // Nobody is asked about the times of a project that the job does not run on.
        assert_eq!(newest("run-on-projects: [other]\n    when: {by-project: {other: [{}]}}", before, now), None);
    }

    #[test]
    fn what_cannot_be_used_is_refused_in_words() {
        let decision = "job: {type: decision-task, treeherder-symbol: N, target-tasks-method: n}";
        let of = |name: &str| format!("{{name: '{name}', {decision}}}");
        for (text, words) in [
            ("jobs: {}".to_owned(), "as its format says"),
            ("job: []".to_owned(), "unknown field"),
            ("jobs: [{name: a}]".to_owned(), "job"),
            ("jobs: [{name: a, job: {type: other}}]".to_owned(), "other"),
            ("jobs: [{name: a, job: {type: decision-task}}]".to_owned(), "treeherder-symbol"),
            (format!("jobs: [{}, {}]", of("a"), of("a")), "two jobs named `a`"),
            (format!("jobs: [{}]", of("*")), "named `*`"),
            (format!("jobs: [{}]", of("a:b")), "named `a:b`"),
            (format!("jobs: [{}]", of("")), "named ``"),
            ("\t- a: [".to_owned(), "YAML"),
            (" ".repeat(MAX_FILE + 1), "bytes"),
        ] {
            let error = CronFile::read(&text).unwrap_err().to_string();
            assert!(error.starts_with("`.cron.yml` ") && error.contains(words), "{words}: {error}");
        }
        for (when, words) in [
            ("when: [{minute: 10}]", "multiple of 15"),
            ("when: [{hour: 24}]", "0 to 23; got 24"),
            ("when: [{day: 0}]", "1 to 31"),
            ("when: [{weekday: Caturday}]", "Caturday"),
            ("when: [{month: 1}]", "month"),
            ("when: 5", "`when`"),
        ] {
            let error = job(when).newest_date("p", at("2026-11-28T00:00:00Z"), at("2026-11-28T01:00:00Z")).unwrap_err();
            assert!(error.contains("`nightly`") && error.contains(words), "{words}: {error}");
        }
    }

    #[test]
    fn arguments_are_quoted_for_a_shell() {
        let args = |more: &str| {
            let text = format!("{{\"treeherder-symbol\": \"N\", {more}}}");
            serde_json::from_str::<DecisionTask>(&text).unwrap().quoted_args()
        };
        assert_eq!(args(r#""target-tasks-method": "nightly_desktop""#), "--target-tasks-method=nightly_desktop");
        assert_eq!(
            args(
                r#""target-tasks-method": "it's", "optimize-target-tasks": false, "include-push-tasks": true, "rebuild-kinds": ["a b"]"#
            ),
            r#"'--target-tasks-method=it'"'"'s' --optimize-target-tasks=false --include-push-tasks '--rebuild-kind=a b'"#
        );
    }
}
