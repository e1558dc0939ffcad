//! Content types as clients send them, and what a browser could do with them.

/// Whether a `Content-Type` header can carry this text as it is: no control characters, and nothing but ASCII.
pub fn fits_header(content_type: &str) -> bool {
    content_type.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Whether a browser may run scripts in such content. Case, spaces and parameters do not matter, nor other types in a
/// list, of which browsers take the last. In doubt, `true`.
pub fn may_run_scripts(content_type: &str) -> bool {
    const SIGNS: [&str; 7] = ["html", "xml", "svg", "xsl", "xht", "multipart/", "message/"];
    let text = content_type.to_ascii_lowercase();
    // Some browsers sniff the type where there is none.
    let named = text.split(';').next().is_some_and(|essence| essence.trim().split_once('/').is_some());
    !named || text.contains(',') || SIGNS.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_type_with_scripts_is_recognized() {
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
    fn types_without_scripts_are_recognized() {
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
    fn a_header_value_is_printable_ascii() {
        assert!(fits_header("text/plain; charset=\"utf-8\""));
        for text in ["a/b\r\nx: y", "a/b\n", "a/b\r", "a\0b", "a/b\t", "a/b\u{7f}", "a/ü"] {
            assert!(!fits_header(text), "{text:?}");
        }
    }
}
