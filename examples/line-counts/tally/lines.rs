//! Counts the lines of Rust sources.

use std::{fs, io, ops::AddAssign, path::Path};

/// How many lines are what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub files: usize,
    pub code: usize,
    pub comments: usize,
    pub blank: usize,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.code += other.code;
        self.comments += other.comments;
        self.blank += other.blank;
    }
}

/// Counts one source text. A line with both code and a comment is code.
pub fn count(text: &str) -> Count {
    let mut found = Count { files: 1, ..Count::default() };
    for line in text.lines().map(str::trim) {
        match line {
            "" => found.blank += 1,
            _ if line.starts_with("//") => found.comments += 1,
            _ => found.code += 1,
        }
    }
    found
}

/// Counts all `.rs` files of a folder and the folders in it.
pub fn count_folder(folder: &Path) -> io::Result<Count> {
    let mut total = Count::default();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            total += count_folder(&path)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            total += count(&fs::read_to_string(&path)?);
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_counted_once() {
        let found = count("//! Doc.\n\nfn main() {} // end\n    // aside\n");
        assert_eq!(found, Count { files: 1, code: 1, comments: 2, blank: 1 });
    }

    #[test]
    fn an_empty_text_is_still_a_file() {
        assert_eq!(count(""), Count { files: 1, ..Count::default() });
    }
}
