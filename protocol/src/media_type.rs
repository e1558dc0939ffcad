//! Types of content as somebody wrote them down, and what a browser could make of them.

/// Whether a `Content-Type` header can carry this text as it is: no control characters, and nothing but ASCII.
pub fn fits_header(content_type: &str) -> bool {
    content_type.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Whether a browser that opens such content may run scripts in it. Spelling does not matter: case, spaces, parameters,
/// and what stands beside it in a list of types, of which browsers take the last. When in doubt, yes.
pub fn may_run_scripts(content_type: &str) -> bool {
    const SIGNS: [&str; 7] = ["html", "xml", "svg", "xsl", "xht", "multipart/", "message/"];
    let text = content_type.to_ascii_lowercase();
    // What is no type at all is guessed by some.
    let named = text.split(';').next().is_some_and(|essence| essence.trim().split_once('/').is_some());
    !named || text.contains(',') || SIGNS.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_document_with_scripts_is_known() {
        for text in [
            "text/html",
            "TEXT/HTML",
            " text/html",
            "text/html;charset=utf-8",
            "text/html ; charset=utf-8",
            "text/html,text/plain",
            "text/plain, text/html",
            "application/xhtml+xml",
            "image/svg+xml",
            "Image/SVG+XML; charset=utf-8",
            "text/xml",
            "application/xml",
            "application/rss+xml",
            "text/xsl",
            "multipart/related; boundary=x",
            "message/rfc822",
            "",
            "unknown",
            "*",
        ] {
            assert!(may_run_scripts(text), "{text}");
        }
    }

    #[test]
    fn what_runs_no_scripts_is_shown() {
        for text in [
            "text/plain",
            "text/plain; charset=utf-8",
            "image/png",
            "application/json",
            "video/mp4",
            "application/gzip",
        ] {
            assert!(!may_run_scripts(text), "{text}");
        }
    }

    #[test]
    fn a_header_carries_no_line_ends_and_nothing_but_ascii() {
        assert!(fits_header("text/plain; charset=\"utf-8\""));
        for text in ["a/b\r\nx: y", "a/b\n", "a/b\r", "a\0b", "a/b\t", "a/b\u{7f}", "a/ü"] {
            assert!(!fits_header(text), "{text:?}");
        }
    }
}
