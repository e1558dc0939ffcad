//! A push in the terminal: a line for each platform, the symbols of jobs in their groups.

use std::fmt::Write;

use protocol::treeherder::{PushGroup, PushJob, PushPlatform, PushRow};

use crate::output::columns;

/// The push as text. Without colours, the result follows the symbol of each job that is not green.
pub(super) fn draw(row: &PushRow, colours: bool) -> String {
    let mut text = format!("{} {}\n", row.project, row.revision);
    let line = |platform: &PushPlatform| {
        let groups: Vec<String> = platform.groups.iter().map(|group| draw_group(group, colours)).collect();
        [format!("  {} {}", platform.platform, platform.labels), groups.join(" ")]
    };
    if !row.platforms.is_empty() {
        text.extend([&columns(None, row.platforms.iter().map(line)), "\n"]);
    }
    for problem in &row.problems {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  not shown: {} {}: {}", problem.task_id, problem.name, problem.problem);
    }
    text + &summary(row)
}

/// Jobs without a group have no brackets. Tiers other than the first are named.
fn draw_group(group: &PushGroup, colours: bool) -> String {
    let jobs: Vec<String> = group.jobs.iter().map(|job| draw_job(job, colours)).collect();
    let jobs = jobs.join(" ");
    let tier = if group.tier == 1 { String::new() } else { format!("[tier {}]", group.tier) };
    if group.symbol == "?" { format!("{jobs}{tier}") } else { format!("{}{tier}({jobs})", group.symbol) }
}

fn draw_job(job: &PushJob, colours: bool) -> String {
    let symbol = if job.symbol.is_empty() { "?" } else { &job.symbol };
    match (colours, job.result.as_str()) {
        (true, result) => format!("\x1b[{}m{symbol}\x1b[0m", colour(result)),
        (false, "success") => symbol.to_owned(),
        (false, result) => format!("{symbol}:{result}"),
    }
}

/// The closest colour of a terminal to the one of Treeherder.
fn colour(result: &str) -> &'static str {
    match result {
        "success" => "32",
        "testfailed" => "33",
        "busted" => "1;31",
        "exception" => "35",
        "retry" => "34",
        "usercancel" => "1;35",
        "superseded" => "36",
        "running" => "1",
        _ => "2",
    }
}

fn summary(row: &PushRow) -> String {
    let total: usize = row.counts.values().sum();
    let open = row.open();
    let counts: Vec<String> = row.counts.iter().map(|(result, count)| format!("{count} {result}")).collect();
    let done = ((total - open) * 100).checked_div(total).unwrap_or(100);
    let mut text = format!("{done} % of {total} jobs done: {}", counts.join(", "));
    if open > 0 {
        let _ = write!(text, "; {open} still to come");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use protocol::id::TaskId;

    use super::*;

    fn job(symbol: &str, result: &str) -> PushJob {
        let task_id = TaskId::from_random([1; 16]);
        PushJob { task_id, run_id: 0, symbol: symbol.to_owned(), name: "n".to_owned(), result: result.to_owned() }
    }

    fn group(symbol: &str, tier: u8, jobs: Vec<PushJob>) -> PushGroup {
        PushGroup { symbol: symbol.to_owned(), name: None, tier, jobs }
    }

    fn row() -> PushRow {
        let platform =
            |platform: &str, groups| PushPlatform { platform: platform.to_owned(), labels: "opt".to_owned(), groups };
        let tests = group("M", 2, vec![job("1", "testfailed"), job("2", "running")]);
        PushRow {
            project: "try".to_owned(),
            revision: "abc".to_owned(),
            counts: BTreeMap::from([
                ("success".to_owned(), 2),
                ("testfailed".to_owned(), 1),
                ("running".to_owned(), 1),
            ]),
            platforms: vec![
                platform("linux64", vec![group("?", 1, vec![job("B", "success")]), tests]),
                platform("osx", vec![group("?", 1, vec![job("B", "success")])]),
            ],
            problems: vec![],
        }
    }

    #[test]
    fn without_colours_results_other_than_success_are_spelled_out() {
        let expected = "\
try abc
  linux64 opt  B M[tier 2](1:testfailed 2:running)
  osx opt      B
75 % of 4 jobs done: 1 running, 2 success, 1 testfailed; 1 still to come";
        assert_eq!(draw(&row(), false), expected);
    }

    #[test]
    fn with_colours_results_are_colours() {
        let text = draw(&row(), true);
        assert!(text.contains("M[tier 2](\x1b[33m1\x1b[0m \x1b[1m2\x1b[0m)"), "{text}");
    }
}
