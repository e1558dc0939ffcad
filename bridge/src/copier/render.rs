//! Renders lines of logs as public text, and names the artifacts.

use std::collections::HashSet;

use protocol::time::Timestamp;

use crate::driver::{Line, LineKind, LogId, LogKind, Step};

/// The text of these lines, without header lines: those hold the whole environment of the worker.
pub fn public_text(lines: &[Line]) -> String {
    let public = lines.iter().filter(|line| line.kind != LineKind::Header);
    public.flat_map(|line| [line.text.as_str(), "\n"]).collect()
}

/// The line before a step in the log of the whole build, in the format of Buildbot's own uploads.
pub fn opening(step: &Step) -> String {
    banner("Started", step, step.started)
}

/// The line after it; empty while it runs.
pub fn closing(step: &Step) -> String {
    if step.ended.is_some() { banner("Finished", step, step.ended) } else { String::new() }
}

fn banner(verb: &str, step: &Step, at: Option<Timestamp>) -> String {
    let results = step.result.zip(step.started.zip(step.ended)).map(|(result, (started, ended))| {
        format!(" (results: {}, elapsed: {} secs)", result.number(), (ended - started).num_seconds())
    });
    let at = at.map(|at| at.format(" (at %Y-%m-%d %H:%M:%S.%6f)").to_string());
    let name = step.name.replace('\n', " ");
    format!("========= {verb} {name}{}{} =========\n", results.unwrap_or_default(), at.unwrap_or_default())
}

/// Name and content type of the artifact of each log, in the order of the steps. Names are unique.
pub fn artifacts(steps: &[Step]) -> Vec<(LogId, String, &'static str)> {
    let mut used = HashSet::new();
    let logs = steps.iter().flat_map(|step| step.logs.iter().map(move |log| (step, log)));
    let named = logs.map(|(step, log)| {
        let (suffix, content_type) = match log.kind {
            LogKind::Html => ("html", "text/html; charset=utf-8"),
            LogKind::Stdio | LogKind::Text => ("log", "text/plain; charset=utf-8"),
        };
        let plain = format!("{}-{}", url_safe(&step.name), url_safe(&log.slug));
        let tries = (1..).map(|count| if count == 1 { plain.clone() } else { format!("{plain}-{count}") });
        let mut tries = tries.filter(|name| used.insert(format!("{name}.{suffix}")));
        let name = tries.next().unwrap_or(plain);
        (log.id, format!("public/logs/{name}.{suffix}"), content_type)
    });
    named.collect()
}

/// Characters that need no encoding in a URL.
fn url_safe(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::driver::{BuildResult, Log, StepId};

    pub(crate) fn step(name: &str, logs: &[(i64, &str, LogKind)]) -> Step {
        let time = |seconds: i64| Timestamp::from_timestamp(1_767_225_600 + seconds, 0);
        let log = |&(id, name, kind): &(i64, &str, LogKind)| Log {
            id: LogId(id),
            name: name.to_owned(),
            slug: name.to_owned(),
            kind,
            lines: 1,
            complete: true,
        };
        Step {
            id: StepId(1),
            number: 1,
            name: name.to_owned(),
            started: time(0),
            ended: time(5),
            result: Some(BuildResult::Failure),
            state: String::new(),
            urls: Vec::new(),
            hidden: false,
            logs: logs.iter().map(log).collect(),
        }
    }

    fn any_line() -> impl Strategy<Value = Line> {
        let kind = prop_oneof![Just(LineKind::Out), Just(LineKind::Err), Just(LineKind::Header)];
        (kind, "[a-z]{0,8}").prop_map(|(kind, text)| {
            let mark = if kind == LineKind::Header { "SECRET=" } else { "" };
            Line { kind, text: format!("{mark}{text}") }
        })
    }

    proptest! {
        #[test]
        fn header_lines_are_never_published_and_no_other_is_lost(lines in prop::collection::vec(any_line(), 0..40)) {
            let text = public_text(&lines);
            prop_assert!(!text.contains("SECRET="));
            let others = lines.iter().filter(|line| line.kind != LineKind::Header).count();
            prop_assert_eq!(text.lines().count(), others);
        }
    }

    #[test]
    fn steps_are_delimited_as_in_buildbots_own_uploads() {
        let mut step = step("compile it", &[]);
        let opening_line =
            "========= Started compile it (results: 2, elapsed: 5 secs) (at 2026-01-01 00:00:00.000000) =========\n";
        assert_eq!(opening(&step), opening_line);
        assert!(closing(&step).starts_with("========= Finished compile it (results: 2,"));
        (step.ended, step.result) = (None, None);
        assert_eq!(opening(&step), "========= Started compile it (at 2026-01-01 00:00:00.000000) =========\n");
        assert_eq!(closing(&step), "");
    }

    #[test]
    fn names_of_artifacts_are_url_safe_and_unique() {
        let steps = [
            step("run tests/a", &[(1, "stdio", LogKind::Stdio), (2, "page", LogKind::Html)]),
            step("run tests_a", &[(3, "stdio", LogKind::Text)]),
        ];
        let names: Vec<_> = artifacts(&steps).into_iter().map(|(id, name, _)| (id.0, name)).collect();
        let expected = [
            (1, "public/logs/run_tests_a-stdio.log"),
            (2, "public/logs/run_tests_a-page.html"),
            (3, "public/logs/run_tests_a-stdio-2.log"),
        ];
        assert_eq!(names, expected.map(|(id, name)| (id, name.to_owned())));
    }
}
