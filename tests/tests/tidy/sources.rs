//! What the sources of a crate must not contain. Clippy's `disallowed-methods` hold the rest.

use crate::{
    files::{files, sources},
    metadata::expect_none,
};

/// Crate, texts that its code must not contain, and why.
const NEVER: &[(&str, &[&str], &str)] = &[
    (
        "protocol",
        &[".await", "async fn", "std::fs", "std::net", "std::time::Instant"],
        "it does no I/O and never waits",
    ),
    ("base", &["task_id", "TaskId", "task_queue", "worker_id"], "it knows nothing about CI"),
    ("api", &["sqlx", "select ", "insert into", "exchange/"], "SQL belongs to db, exchanges to protocol"),
    ("actors", &["StatusCode", "sqlx::", "lapin::"], "HTTP belongs to api, and libraries to the crates that wrap them"),
    ("db", &["application/json"], "wire formats belong to protocol"),
    ("worker", &["db::", "bus::", "actors::"], "it knows the HTTP API and nothing behind it"),
];

/// The database's own clock: every stored function takes the time as an argument.
const DATABASE_CLOCK: &[&str] =
    &["now()", "current_timestamp", "clock_timestamp", "transaction_timestamp", "localtime"];

#[test]
fn crates_contain_nothing_that_belongs_to_another() {
    let mut problems = Vec::new();
    for (crate_name, words, why) in NEVER {
        for (name, text) in sources(crate_name) {
            for (number, line) in code_lines(&text) {
                let found = words.iter().filter(|word| line.contains(**word));
                problems.extend(found.map(|word| format!("{name}:{number}: `{word}` in {crate_name}: {why}")));
            }
        }
    }
    expect_none(&problems);
}

#[test]
fn stored_functions_take_the_time_as_an_argument() {
    let mut problems = Vec::new();
    for (name, text) in files(".sql").into_iter().filter(|(name, _)| name.starts_with("db/versions/")) {
        for (number, line) in text.lines().enumerate() {
            let statement = line.split("--").next().unwrap_or_default().to_lowercase();
            let found = DATABASE_CLOCK.iter().filter(|word| names(&statement, word));
            problems.extend(found.map(|word| format!("{name}:{}: `{word}`: take the time as an argument", number + 1)));
        }
    }
    expect_none(&problems);
}

/// Whether a statement has the name, and not only as the end of a longer one like `outcome_done_now()`.
fn names(statement: &str, name: &str) -> bool {
    let is_end = |at: usize| statement[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    statement.match_indices(name).any(|(at, _)| !is_end(at))
}

#[test]
fn only_kit_starts_bare_tasks_among_actors() {
    let mut problems = Vec::new();
    for (name, text) in sources("actors").into_iter().filter(|(name, _)| !name.starts_with("actors/src/kit/")) {
        for (number, line) in code_lines(&text) {
            if line.contains("tokio::spawn") {
                problems.push(format!("{name}:{number}: let an actor own this work (actors/src/kit)"));
            }
            if line.contains("ractor::call") {
                problems.push(format!("{name}:{number}: call through a handle, which has a deadline"));
            }
        }
    }
    expect_none(&problems);
}

#[test]
fn every_exception_to_a_lint_has_its_reason() {
    let mut problems = Vec::new();
    for (name, text) in files(".rs") {
        let lines: Vec<&str> = text.lines().collect();
        for at in (0..lines.len()).filter(|at| is_exception(lines[*at])) {
            let reason = lines[at..lines.len().min(at + 4)].iter().any(|line| line.contains("reason = "));
            let comment = at > 0 && lines[at - 1].trim_start().starts_with("//");
            if !reason && !comment {
                problems.push(format!("{name}:{}: say why the lint does not hold here", at + 1));
            }
        }
    }
    expect_none(&problems);
}

fn is_exception(line: &str) -> bool {
    ["#[allow(", "#![allow(", "#[expect(", "#![expect("].iter().any(|start| line.trim_start().starts_with(start))
}

/// Numbered lines of code proper: without comments, and without the tests at the end of a file.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// What lets a text become a script or a style, or what the security policy of the page refuses.
const NEVER_IN_THE_PAGE: [&str; 7] =
    ["dangerouslySetInnerHTML", "innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function", "javascript:"];

#[test]
fn the_page_makes_no_markup_of_texts() {
    let mut problems = Vec::new();
    for (name, text) in files("").into_iter().filter(|(name, _)| name.starts_with("ui/src/")) {
        let found = NEVER_IN_THE_PAGE.iter().filter(|word| text.contains(**word));
        problems.extend(found.map(|word| format!("{name}: `{word}`: the page shows texts as texts")));
    }
    expect_none(&problems);
}
