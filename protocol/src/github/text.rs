//! Texts for GitHub, within its limits.

/// Bytes of a summary or a text: GitHub refuses more than 65,535 characters, and what is cut needs room for a note.
pub const MAX_BYTES: usize = 60_000;
/// Characters of a title.
pub const MAX_TITLE: usize = 255;

/// At most `max` bytes of a text, with `note` at its end where something is missing. Never cuts a character in two.
pub fn cut(text: &str, max: usize, note: &str) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(max.saturating_sub(note.len() + 2));
    format!("{}\n\n{note}", &text[..end])
}

/// A title of at most [`MAX_TITLE`] characters, in one line.
pub fn cut_title(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_TITLE {
        return line;
    }
    line.chars().take(MAX_TITLE - 1).chain(['…']).collect()
}

/// The same text for readers, without notifying anybody: tasks are not trusted to mention people.
pub fn without_mentions(text: &str) -> String {
    text.replace('@', "@\u{200b}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_character_and_says_so() {
        let emoji = "😀".repeat(65_536);
        let short = cut(&emoji, MAX_BYTES, "cut, full log: https://tc.example");
        assert!(short.len() <= MAX_BYTES && short.ends_with("https://tc.example"), "{}", short.len());
        assert!(short.len() > MAX_BYTES - 8);
        assert_eq!(cut("ä", 2, "note"), "ä");
        assert_eq!(cut("äää", 5, "note"), "\n\nnote", "a note is never cut itself");
    }

    #[test]
    fn a_title_has_one_line_and_255_characters() {
        assert_eq!(cut_title(" a\n b\t"), "a b");
        let title = cut_title(&"😀".repeat(300));
        assert_eq!(title.chars().count(), MAX_TITLE);
        assert!(title.ends_with('…'));
    }

    #[test]
    fn mentions_reach_nobody() {
        assert_eq!(without_mentions("by @somebody"), "by @\u{200b}somebody");
    }
}
