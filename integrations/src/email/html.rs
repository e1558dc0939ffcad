//! Markdown to HTML. Markup comes from the markdown only: HTML in it is shown as text, images become links, and links lead
//! to pages of the web or nowhere.

use protocol::notify::{Link, Template, is_web_address};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

/// Deeper markdown, and markdown that becomes larger, is shown as the text that it is.
const MAX_DEPTH: usize = 32;
const MAX_HTML: usize = 1024 * 1024;
/// Marks at the start of one line that open blocks in blocks.
const MAX_LINE_MARKS: usize = 64;

/// The whole HTML part of an e-mail.
pub fn to_html(content: &str, link: Option<&Link>, template: Template) -> String {
    let width = match template {
        Template::Simple => "max-width: 600px; margin: 0 auto;",
        Template::Fullscreen => "width: 100%;",
    };
    let button = link.map_or_else(String::new, |Link { text, href }| {
        let style =
            "display: inline-block; padding: 8px 16px; background: #0a6ebd; color: #fff; text-decoration: none;";
        format!("<p><a href=\"{}\" style=\"{style}\">{}</a></p>\n", escaped(href), escaped(text))
    });
    let body = rendered(content).unwrap_or_else(|| format!("<pre>{}</pre>\n", escaped(content)));
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head>\n<body style=\"font-family: sans-serif;\">\n\
         <div style=\"{width}\">\n{body}{button}</div>\n</body></html>\n"
    )
}

/// `None` for markdown that is too deep or too large.
fn rendered(content: &str) -> Option<String> {
    let is_mark = |c: &char| matches!(c, '>' | '-' | '*' | '+' | ' ' | '\t');
    let starts_deep = |line: &str| line.chars().take_while(is_mark).filter(|c| *c != ' ').count() > MAX_LINE_MARKS;
    if content.lines().any(starts_deep) {
        return None;
    }
    let (mut events, mut depth, mut links) = (Vec::new(), 0_usize, Vec::new());
    for event in Parser::new_ext(content, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return None;
        }
        events.extend(safe(event, &mut links));
    }
    let mut html = String::with_capacity(content.len() * 2);
    push_html(&mut html, events.into_iter());
    (html.len() <= MAX_HTML).then_some(html)
}

/// The event as it may stand in a mail. `links`: of the links that are open, whether they were kept.
fn safe<'a>(event: Event<'a>, links: &mut Vec<bool>) -> Option<Event<'a>> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Link { link_type, dest_url, title, id } | Tag::Image { link_type, dest_url, title, id }) => {
            // A link in a link is none in HTML.
            let is_kept = is_web_address(&dest_url) && !links.contains(&true);
            links.push(is_kept);
            is_kept.then_some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Link | TagEnd::Image) => links.pop()?.then_some(Event::End(TagEnd::Link)),
        Event::InlineMath(text) | Event::DisplayMath(text) => Some(Event::Code(text)),
        Event::FootnoteReference(name) => Some(Event::Text(CowStr::from(format!("[{name}]")))),
        other => Some(other),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn html(content: &str) -> String {
        to_html(content, None, Template::Simple)
    }

    #[test]
    fn markdown_becomes_html_and_the_link_a_button() {
        let link = Link { text: "a <b>".to_owned(), href: "https://example.com/?a=1&b=\"".to_owned() };
        let html = to_html("**Task** [failed](https://example.com/x)", Some(&link), Template::Fullscreen);
        assert!(html.contains("<strong>Task</strong> <a href=\"https://example.com/x\">failed</a>"), "{html}");
        assert!(html.contains("href=\"https://example.com/?a=1&amp;b=&quot;\"") && html.contains(">a &lt;b&gt;</a>"));
        assert!(html.contains("width: 100%"));
    }

    #[test]
    fn html_in_markdown_is_shown_and_never_interpreted() {
        for bad in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "![x](data:text/html;base64,AAAA)",
            "<javascript:alert(1)>",
            "[x]: javascript:alert(1)\n\n[x]",
            "<svg onload=alert(1)>\n\ntext",
        ] {
            let html = html(bad).to_lowercase();
            let inner = html.split("<div").nth(1).unwrap();
            for tag in ["<script", "<img", "<svg", "href=\"javascript", "href=\"data", "src="] {
                assert!(!inner.contains(tag) || (tag == "src=" && inner.contains("&lt;img src=")), "{bad}: {html}");
            }
        }
    }

    #[test]
    fn images_become_links_to_the_web() {
        let html = html("![shot](https://example.com/a.png) [![in](https://a.example/i)](https://b.example)");
        assert!(html.contains("<a href=\"https://example.com/a.png\">shot</a>"), "{html}");
        assert!(html.contains("<a href=\"https://b.example\">in</a>"), "{html}");
    }

    #[test]
    fn markdown_bombs_end_soon_and_stay_readable() {
        let bombs = [
            ">".repeat(10_000) + " x",
            "- ".repeat(10_000),
            "[".repeat(50_000),
            "*a ".repeat(30_000),
            "![".repeat(30_000),
            "`".repeat(100_000),
            "|a".repeat(20_000) + "\n" + &"|-".repeat(20_000),
            "[a](<".repeat(20_000),
            "<!--".repeat(25_000),
            "&#".repeat(50_000),
        ];
        for bomb in bombs {
            let begun = Instant::now();
            let html = html(&bomb);
            assert!(begun.elapsed() < Duration::from_secs(5), "{:?} {}", begun.elapsed(), &bomb[..10]);
            assert!(html.len() <= 2 * MAX_HTML, "{} {}", html.len(), &bomb[..10]);
        }
    }
}
