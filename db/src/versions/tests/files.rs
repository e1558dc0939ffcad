//! The loader refuses a set of files that breaks the rules, and names the file.

use super::super::load;

const FUNCTION: &str = "-- look: read, queue, since version 1\n-- Looks.\ncreate or replace function look() returns int language sql as 'select 1';";

fn refusal(changes: &[(&str, Option<&str>)]) -> String {
    let mut files = vec![("0001_one/up.sql", ""), ("0001_one/down.sql", ""), ("0001_one/functions/look.sql", FUNCTION)];
    for &(path, text) in changes {
        files.retain(|(known, _)| *known != path);
        files.extend(text.map(|text| (path, text)));
    }
    let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned()));
    load::load(files).map(|_| "nothing").unwrap_err().to_string()
}

#[test]
fn numbers_run_without_a_gap() {
    let refusal = refusal(&[("0003_three/up.sql", Some("")), ("0003_three/down.sql", Some(""))]);
    assert!(refusal.contains("0003_three: expected version 2 here"), "{refusal}");
}

#[test]
fn a_number_is_used_once() {
    let refusal = refusal(&[("0001_two/up.sql", Some("")), ("0001_two/down.sql", Some(""))]);
    assert!(refusal.contains("expected version 2 here"), "{refusal}");
}

#[test]
fn every_way_up_has_a_way_down() {
    let refusal = refusal(&[("0001_one/down.sql", None)]);
    assert!(refusal.contains("0001_one/down.sql: is missing"), "{refusal}");
}

#[test]
fn no_file_is_ignored() {
    let refusal = refusal(&[("0001_one/functions.sql", Some("select 1"))]);
    assert!(refusal.contains("0001_one/functions.sql: is not"), "{refusal}");
}

#[test]
fn a_function_file_holds_its_function_and_nothing_else() {
    let other = FUNCTION.replace("function look", "function peek");
    let twice = format!("{FUNCTION}\n{FUNCTION}");
    for text in [other, twice] {
        let refusal = refusal(&[("0001_one/functions/look.sql", Some(&text))]);
        assert!(refusal.contains("exactly one `create or replace function look(`"), "{refusal}");
    }
}

#[test]
fn a_function_says_its_mode_and_owner() {
    for head in [
        "",
        "-- look: queue, since version 1\n",
        "-- look: change, queue, since version 1\n",
        "-- look: read, queue, since version 1, last used by release 1\n",
    ] {
        let text = FUNCTION.replace("-- look: read, queue, since version 1\n", head);
        let refusal = refusal(&[("0001_one/functions/look.sql", Some(&text))]);
        assert!(
            refusal.contains("must begin with `-- look: read|write, OWNER, since version N[, last used by version M]`"),
            "{refusal}"
        );
    }
}

#[test]
fn a_function_says_which_version_used_it_last() {
    let head = "-- look: read, queue, since version 1, last used by version 3\n";
    let text = FUNCTION.replace("-- look: read, queue, since version 1\n", head);
    let files = [("0001_one/up.sql", ""), ("0001_one/down.sql", ""), ("0001_one/functions/look.sql", &text)];
    assert_eq!(super::versions(&files)[0].functions[0].last_used, Some(3));
}

#[test]
fn an_online_migration_has_both_functions() {
    let batch = "create function online_migration_v1_batch(batch_size_in integer, state_in jsonb) ...";
    let refusal = refusal(&[("0001_one/online.sql", Some(batch))]);
    assert!(refusal.contains("0001_one/online.sql: does not create online_migration_v1_is_complete"), "{refusal}");
}

#[test]
fn a_function_never_asks_the_servers_clock() {
    let refusal = refusal(&[("0001_one/functions/look.sql", Some(&FUNCTION.replace("select 1", "select now()")))]);
    assert!(refusal.contains("take the time as an argument"), "{refusal}");
}

#[test]
fn a_redefined_function_keeps_its_mode() {
    let text = FUNCTION.replace("read", "write");
    let refusal = refusal(&[
        ("0002_two/up.sql", Some("")),
        ("0002_two/down.sql", Some("")),
        ("0002_two/functions/look.sql", Some(&text)),
    ]);
    assert!(refusal.contains("0002_two/functions/look.sql: must keep the mode"), "{refusal}");
}

#[test]
fn a_new_function_is_as_old_as_its_version() {
    let refusal = refusal(&[
        ("0002_two/up.sql", Some("")),
        ("0002_two/down.sql", Some("")),
        ("0002_two/functions/peek.sql", Some(&FUNCTION.replace("look", "peek"))),
    ]);
    assert!(refusal.contains("since version 2"), "{refusal}");
}
