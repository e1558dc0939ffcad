//! Commands in comments: `/taskcluster <command>` on a line of its own.

const WORD: &str = "/taskcluster";

/// The first command of a comment. Lines in quotes and code blocks are somebody's example.
pub fn command(comment: &str) -> Option<&str> {
    let mut fence: Option<&str> = None;
    for line in comment.lines() {
        let text = line.trim();
        if let Some(open) = fence {
            // Of the same characters, and at least as many.
            if text.starts_with(open) && text.trim_start_matches(&open[..1]).is_empty() {
                fence = None;
            }
            continue;
        }
        fence = opening_fence(text);
        let indented = line.starts_with("    ") || line.starts_with('\t');
        if fence.is_none()
            && !indented
            && let Some(command) = of_line(text)
        {
            return Some(command);
        }
    }
    None
}

fn opening_fence(text: &str) -> Option<&str> {
    let letter = text.chars().next().filter(|letter| "`~".contains(*letter))?;
    let length = text.len() - text.trim_start_matches(letter).len();
    (length >= 3).then(|| &text[..length])
}

fn of_line(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(WORD)?;
    let command = rest.trim_start();
    (rest.len() > command.len() && !command.is_empty()).then_some(command)
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn the_first_line_with_a_command_counts() {
        for (comment, expected) in [
            ("/taskcluster test", Some("test")),
            ("please\r\n  /taskcluster  test all \r\nthanks\n/taskcluster other", Some("test all")),
            ("/taskcluster", None),
            ("/taskcluster  ", None),
            ("/taskclustertest", None),
            ("/taskcluster-test now", None),
            ("run /taskcluster test", None),
            ("", None),
        ] {
            assert_eq!(command(comment), expected, "{comment:?}");
        }
    }

    #[test]
    fn quotes_and_code_blocks_hold_no_commands() {
        for comment in [
            "> /taskcluster test",
            "```\n/taskcluster test\n```",
            "~~~sh\n/taskcluster test\n~~~",
            "````\n```\n/taskcluster test",
            "    /taskcluster test",
            "\t/taskcluster test",
            "`/taskcluster test`",
        ] {
            assert_eq!(command(comment), None, "{comment:?}");
        }
        assert_eq!(command("```\n/taskcluster a\n```\n/taskcluster b"), Some("b"));
    }
}
