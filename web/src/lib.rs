//! The page: the files of `ui/`, compiled into the program, with the headers that browsers are to get with them.
//!
//! A debug build reads a file from `ui/dist` again where there is one, so that the page can be changed without building the program.
//!
//! It knows nothing of CI: everything that the page shows comes from the HTTP API.

use std::{borrow::Cow, fs};

/// A path, its bytes, and the same compressed with gzip where that is shorter.
type Embedded = (&'static str, &'static [u8], Option<&'static [u8]>);

const FILES: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

const INDEX: &str = "/index.html";

/// Files below here have a hash of their content in their names.
const HASHED: &str = "/assets/";

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_EACH_TIME: &str = "no-cache";

/// Shells of workers are a document of their own: it may connect to more than the others.
const SHELL: &str = "/shell";

/// The page, with its security policies.
#[derive(Debug, Clone)]
pub struct Page {
    policy: String,
    shell_policy: String,
}

/// A file with its headers.
#[derive(Debug, Clone)]
pub struct File {
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub bytes: Cow<'static, [u8]>,
    pub gzip: Option<&'static [u8]>,
}

impl Page {
    /// `origins`: where the page may fetch from besides its own server, as where artifacts lie in a bucket.
    pub fn new(origins: &[String]) -> Self {
        let connect = origins.iter().fold("'self'".to_owned(), |all, origin| format!("{all} {origin}"));
        Self {
            policy: policy("'self'", &connect),
            // Where workers are is not known here: a page with a terminal may open any socket, and run no script but its own. The terminal
            // writes styles.
            shell_policy: policy("'self' 'unsafe-inline'", &format!("{connect} ws: wss:")),
        }
    }

    /// The file at a path. Any other path is a place of the page for who accepts HTML: the page finds out what is there.
    pub fn find(&self, path: &str, accepts_html: bool) -> Option<File> {
        let is_place = accepts_html && !path.starts_with(HASHED);
        let (name, (bytes, gzip)) = match read(path) {
            Some(found) => (path, found),
            None if is_place => (INDEX, read(INDEX)?),
            None => return None,
        };
        let is_shell =
            name == INDEX && (path == SHELL || path.strip_prefix(SHELL).is_some_and(|rest| rest.starts_with('/')));
        let policy = if is_shell { &self.shell_policy } else { &self.policy };
        let caching = if name.starts_with(HASHED) { FOR_EVER } else { ASK_EACH_TIME };
        let headers = vec![
            ("content-security-policy", policy.clone()),
            ("cache-control", caching.to_owned()),
            ("referrer-policy", "same-origin".to_owned()),
            ("cross-origin-opener-policy", "same-origin".to_owned()),
            ("cross-origin-resource-policy", "same-origin".to_owned()),
            ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()".to_owned()),
        ];
        Some(File { content_type: content_type(name), headers, bytes, gzip })
    }
}

fn policy(styles: &str, connect: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; font-src 'self'; \
         connect-src {connect}; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

type Found = (Cow<'static, [u8]>, Option<&'static [u8]>);

fn read(path: &str) -> Option<Found> {
    if cfg!(debug_assertions)
        && let Some(found) = read_built(path)
    {
        return Some(found);
    }
    FILES.iter().find(|(name, ..)| *name == path).map(|(_, bytes, gzip)| (Cow::Borrowed(*bytes), *gzip))
}

/// As it was built last. Names come from anybody, so only plain ones are looked for.
fn read_built(path: &str) -> Option<Found> {
    let name = path.strip_prefix('/')?;
    let is_plain = !name.split('/').any(|part| part.is_empty() || part.starts_with('.'));
    let found = is_plain.then(|| fs::read(format!("{}/{name}", env!("DROVER_UI_DIST"))))?;
    found.ok().map(|bytes| (Cow::Owned(bytes), None))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json" | "webmanifest") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_the_page_and_only_for_who_accepts_html() {
        let page = Page::new(&[]);
        let index = page.find("/index.html", false).unwrap();
        for path in ["/", "/tasks/groups/x", "/tasks/index/a/b"] {
            assert_eq!(page.find(path, true).unwrap().bytes, index.bytes, "{path}");
            assert!(page.find(path, false).is_none(), "{path}");
        }
        assert!(page.find("/assets/gone-0123.js", true).is_none(), "an old page must not take HTML for a script");
    }

    #[test]
    fn a_file_with_a_hash_in_its_name_is_kept_and_the_index_is_asked_for() {
        let page = Page::new(&[]);
        for (name, ..) in FILES {
            let file = page.find(name, false).unwrap();
            let caching = file.headers.iter().find(|(header, _)| *header == "cache-control").unwrap();
            assert_eq!(caching.1.contains("immutable"), name.starts_with(HASHED), "{name}");
        }
    }

    #[test]
    fn nothing_in_the_page_is_inline() {
        let index = FILES.iter().find(|(name, ..)| *name == INDEX).unwrap();
        let text = std::str::from_utf8(index.1).unwrap();
        for inline in ["<style", " style=", "<script>", "onclick", "javascript:"] {
            assert!(!text.contains(inline), "{inline}");
        }
    }

    #[test]
    fn a_bucket_may_be_fetched_from_and_nothing_else() {
        let page = Page::new(&["https://bucket.example.com".to_owned()]);
        let policy = &page.find("/index.html", true).unwrap().headers[0].1;
        assert!(policy.contains("connect-src 'self' https://bucket.example.com;"), "{policy}");
        assert!(policy.contains("default-src 'none'") && policy.contains("trusted-types 'none'"), "{policy}");
    }
    #[test]
    fn only_a_page_with_a_shell_may_connect_to_workers() {
        let page = Page::new(&[]);
        let policy = |path| page.find(path, true).unwrap().headers[0].1.clone();
        for path in ["/shell", "/shell/", "/shell/fN1SbArXTPSVFNUvaOlinQ"] {
            let policy = policy(path);
            assert!(
                policy.contains("connect-src 'self' ws: wss:;") && policy.contains("script-src 'self';"),
                "{policy}"
            );
        }
        for path in ["/", "/shells", "/tasks/shell"] {
            assert!(!policy(path).contains("ws:") && !policy(path).contains("unsafe"), "{path}");
        }
    }
}
