//! A service is added by files of its own and one line in one list: the example service shows that it is enough.

use crate::{files::files, metadata::expect_none};

const FOLDER: &str = "tests/src/bin/example_service/";
const TEST: &str = "tests/tests/example_service.rs";

/// What the example service is called wherever it must not be.
const NAMES: [&str; 3] = ["example_service", "ExampleSettings", "-example/v1/"];

#[test]
fn no_other_file_knows_the_example_service() {
    let mut problems = Vec::new();
    for (name, text) in [".rs", ".toml", ".sql", ".json"].into_iter().flat_map(files) {
        if name.starts_with(FOLDER) || name == TEST || name == "tests/tests/tidy/services.rs" {
            continue;
        }
        let found = NAMES.iter().filter(|word| text.contains(**word));
        problems.extend(found.map(|word| format!("{name}: `{word}`: a new service must not need another file")));
    }
    expect_none(&problems);
}

#[test]
fn the_list_of_the_example_program_has_one_line_more_than_that_of_drover() {
    let (_, main) = files(".rs").into_iter().find(|(name, _)| name == &format!("{FOLDER}main.rs")).unwrap();
    let lines: Vec<&str> = main.lines().filter(|line| line.contains("services.")).collect();
    assert_eq!(lines, ["    services.push(&declaration::Example); // The one line."]);
}

/// A file without a line in the list would be dead code that looks alive.
#[test]
fn every_service_of_drover_is_in_the_list() {
    let services = files(".rs").into_iter().filter(|(name, _)| name.starts_with("drover/src/services/"));
    let services: Vec<(String, String)> = services.collect();
    let (_, list) = services.iter().find(|(name, _)| name == "drover/src/services/mod.rs").unwrap();
    for (name, text) in &services {
        for line in text.lines() {
            let Some(declared) = line.strip_prefix("impl Service for ").and_then(|rest| rest.split(' ').next()) else {
                continue;
            };
            assert!(list.contains(&format!("::{declared},")), "{name}: `{declared}` is not in the list");
        }
    }
}
