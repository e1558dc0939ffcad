//! Reads what a script does, as far as people want to know before it runs.

/// The statements of a script without their comments, each on one line.
pub(super) fn statements(sql: &str) -> Vec<String> {
    let (mut found, mut statement, mut inside) = (Vec::new(), String::new(), None);
    let mut rest = sql;
    while let Some(letter) = rest.chars().next() {
        let (token, next) = match inside {
            Some(end) if rest.starts_with(end) => (end, None),
            Some(_) => (&rest[..letter.len_utf8()], inside),
            None if rest.starts_with("--") => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after);
                statement.push(' ');
                continue;
            }
            None if rest.starts_with("$$") => ("$$", Some("$$")),
            None if letter == '\'' => ("'", Some("'")),
            None if letter == ';' => {
                found.push(std::mem::take(&mut statement));
                rest = &rest[1..];
                continue;
            }
            None => (&rest[..letter.len_utf8()], None),
        };
        inside = next;
        statement.push_str(token);
        rest = &rest[token.len()..];
    }
    found.push(statement);
    let lines = found.iter().map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect()
}

/// What of the data a statement of `down.sql` takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dropped {
    Table(String),
    Column {
        table: String,
        column: String,
    },
    /// The table, and the condition as it is written.
    Rows {
        table: String,
        condition: String,
    },
}

pub(super) fn dropped(statement: &str) -> Vec<Dropped> {
    let statement = statement.to_lowercase();
    if let Some(tables) = statement.strip_prefix("drop table ") {
        let tables = tables.strip_prefix("if exists ").unwrap_or(tables).split(',');
        return tables.filter_map(|table| Some(Dropped::Table(first_word(table)?))).collect();
    }
    if let Some(rest) = statement.strip_prefix("delete from ") {
        let (table, condition) = rest.split_once(" where ").unwrap_or((rest, "true"));
        return vec![Dropped::Rows { table: table.to_owned(), condition: condition.to_owned() }];
    }
    let altered = statement.strip_prefix("alter table ").and_then(|rest| rest.split_once(' '));
    let Some((table, changes)) = altered else { return Vec::new() };
    let columns = changes.split(',').filter_map(dropped_column);
    columns.map(|column| Dropped::Column { table: table.to_owned(), column }).collect()
}

/// The word `column` may be left out.
fn dropped_column(change: &str) -> Option<String> {
    let rest = change.trim().strip_prefix("drop ")?;
    let rest = rest.strip_prefix("column ").unwrap_or(rest);
    first_word(rest.strip_prefix("if exists ").unwrap_or(rest)).filter(|word| word != "constraint")
}

/// The table that a statement of `up.sql` works on, if it was there before: its size says how long that may take.
pub(super) fn worked_on(statement: &str) -> Option<String> {
    let statement = statement.to_lowercase();
    for (start, before) in [("alter table ", ""), ("update ", ""), ("delete from ", ""), ("create ", " on ")] {
        let Some(rest) = statement.strip_prefix(start) else { continue };
        if before.is_empty() {
            return first_word(rest.strip_prefix("only ").unwrap_or(rest));
        }
        if rest.starts_with("index ") || rest.starts_with("unique index ") {
            return first_word(rest.split_once(before)?.1);
        }
    }
    None
}

fn first_word(text: &str) -> Option<String> {
    let word = text.trim().split([' ', '(', ',']).next().unwrap_or_default();
    (!word.is_empty()).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_at_semicolons_outside_of_texts_and_bodies() {
        let sql = "-- one; two\ncreate table a (b text default ';'); -- x\n\ndo $$ begin\n  x; y;\nend $$;\n";
        assert_eq!(statements(sql), ["create table a (b text default ';')", "do $$ begin x; y; end $$"]);
    }

    #[test]
    fn what_a_way_down_takes_away_is_named() {
        let table = |name: &str| Dropped::Table(name.to_owned());
        assert_eq!(dropped("drop table a, b"), [table("a"), table("b")]);
        let column = |column: &str| Dropped::Column { table: "blob".to_owned(), column: column.to_owned() };
        assert_eq!(dropped("alter table blob drop column x, drop y"), [column("x"), column("y")]);
        assert_eq!(dropped("alter table blob drop constraint x"), []);
        let rows = Dropped::Rows { table: "outbox".to_owned(), condition: "id is null".to_owned() };
        assert_eq!(dropped("delete from outbox where id is null"), [rows]);
        assert_eq!(dropped("alter table outbox alter column x set not null"), []);
        assert_eq!(dropped("drop type t"), []);
    }

    #[test]
    fn the_table_that_is_worked_on_is_named() {
        assert_eq!(worked_on("alter table task add x int").as_deref(), Some("task"));
        assert_eq!(worked_on("create index a_b on task (x)").as_deref(), Some("task"));
        assert_eq!(worked_on("update only task set x = 1").as_deref(), Some("task"));
        assert_eq!(worked_on("create table x (a int)"), None);
    }
}
