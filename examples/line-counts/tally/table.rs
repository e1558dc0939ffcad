//! Writes tables as Markdown, and reads and writes them as comma-separated values.

/// Rows of cells as a Markdown table, all columns as wide as they need to be. The first row is the head.
pub fn markdown(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0).max(3);
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for column in 0..columns {
            let cell = row.get(column).map_or("", String::as_str);
            text += &format!("| {cell:<width$} ", width = width(column));
        }
        text += "|\n";
        if number == 0 {
            (0..columns).for_each(|column| text += &format!("| {} ", "-".repeat(width(column))));
            text += "|\n";
        }
    }
    text
}

/// One row as a line. Cells are names and numbers: nothing needs quoting.
pub fn to_csv(row: &[String]) -> String {
    row.join(",") + "\n"
}

pub fn from_csv(line: &str) -> Vec<String> {
    line.trim_end().split(',').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let text = markdown(&[row(&["crate", "n"]), row(&["protocol", "12"])]);
        assert_eq!(text, "| crate    | n   |\n| -------- | --- |\n| protocol | 12  |\n");
    }

    #[test]
    fn a_row_survives_the_way_there_and_back() {
        let cells = row(&["db", "1", "2"]);
        assert_eq!(from_csv(&to_csv(&cells)), cells);
    }
}
