//! How long files and functions are, over all Rust files that are not generated.

use crate::{files::files, metadata::expect_none};

/// Longer SQL is one statement per table, without control flow.
const LONGEST: [(&str, usize); 3] = [(".rs", 500), (".sh", 500), (".sql", 600)];
const FILE_MEDIAN: usize = 100;
const FILE_P90: usize = 200;
const FUNCTION_P90: usize = 20;
const LONGEST_FUNCTION: usize = 60;

/// `schema.sql` and the like are written by the tests themselves.
fn is_generated(text: &str) -> bool {
    let says =
        |line: &str| ["generated", "written by the test"].iter().any(|words| line.to_lowercase().contains(words));
    text.lines().take(3).any(says)
}

fn written(suffix: &str) -> Vec<(String, String)> {
    files(suffix).into_iter().filter(|(_, text)| !is_generated(text)).collect()
}

/// The value below which this share of the lengths lies.
fn quantile(lengths: &mut [usize], percent: usize) -> usize {
    lengths.sort_unstable();
    lengths[(lengths.len() - 1) * percent / 100]
}

#[test]
fn no_file_is_very_long_and_most_are_short() {
    let mut problems = Vec::new();
    for (suffix, longest) in LONGEST {
        let long = written(suffix).into_iter().map(|(name, text)| (name, text.lines().count()));
        let long = long.filter(|(_, lines)| *lines > longest);
        problems.extend(long.map(|(name, lines)| format!("{name} has {lines} lines: split it by verb")));
    }
    expect_none(&problems);
    let mut lengths: Vec<usize> = written(".rs").iter().map(|(_, text)| text.lines().count()).collect();
    let (median, p90) = (quantile(&mut lengths, 50), quantile(&mut lengths, 90));
    assert!(median <= FILE_MEDIAN && p90 <= FILE_P90, "files have a median of {median} lines and a p90 of {p90}");
}

/// Each function of a file, with its lines. `cargo fmt` puts the closing brace below the first letter of its head.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let head = regex::Regex::new(r"^(\s*)(?:pub(?:\([^)]*\))? )?(?:(?:const|async|unsafe) )*fn (\w+)").unwrap();
    let function = |(at, line): (usize, &&str)| {
        let head = head.captures(line)?;
        let close = format!("{}}}", &head[1]);
        let length = if line.ends_with(['}', ';']) {
            1
        } else {
            1 + lines[at + 1..].iter().position(|line| line.starts_with(&close))? + 1
        };
        Some((head[2].to_owned(), length))
    };
    lines.iter().enumerate().filter_map(function).collect()
}

#[test]
fn no_function_is_long_and_most_are_short() {
    let (mut lengths, mut problems) = (Vec::new(), Vec::new());
    for (name, text) in written(".rs") {
        for (function, lines) in functions(&text) {
            lengths.push(lines);
            if lines > LONGEST_FUNCTION {
                problems.push(format!("{name}: {function} has {lines} lines, {LONGEST_FUNCTION} are allowed"));
            }
        }
    }
    expect_none(&problems);
    let p90 = quantile(&mut lengths, 90);
    assert!(lengths.len() > 1000 && p90 <= FUNCTION_P90, "{} functions have a p90 of {p90} lines", lengths.len());
}

#[test]
fn functions_are_counted_from_head_to_brace() {
    let text = "impl A {\n    pub fn one() -> u8 {\n        1\n    }\n\n    fn two(&self);\n}\nasync fn three() {}\n";
    let expected = [("one", 3), ("two", 1), ("three", 1)].map(|(name, lines)| (name.to_owned(), lines));
    assert_eq!(functions(text), expected);
}
