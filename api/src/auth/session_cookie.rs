//! The cookie of a session, and which requests it may sign.

use std::fmt::Write;

use chrono::TimeDelta;
use hyper::{HeaderMap, Method, Uri};
use protocol::hawk;
use sha2::{Digest, Sha256};

/// Scripts of other origins cannot send it, as the response to their preflight does not allow it, and no form can.
const PAGE_HEADER: &str = "x-drover-ui";

/// The cookie's name and attributes.
#[derive(Debug, Clone)]
pub(crate) struct SessionCookie {
    name: String,
    is_secure: bool,
    root_url: String,
}

impl SessionCookie {
    /// Cookies ignore ports, so the name differs between two servers of one host.
    pub(crate) fn new(root_url: &str) -> Self {
        let is_secure = root_url.starts_with("https://");
        let digest = Sha256::digest(root_url.as_bytes());
        let mut name = if is_secure { "__Host-drover-" } else { "drover-" }.to_owned();
        digest[..4].iter().for_each(|byte| _ = write!(name, "{byte:02x}"));
        Self { name, is_secure, root_url: root_url.to_owned() }
    }

    /// A cookie of the same attributes for an attempt to sign in.
    pub(crate) fn of_attempt(&self) -> Self {
        Self { name: format!("{}-attempt", self.name), ..self.clone() }
    }

    /// Its value, if this is a request of our own page: the browser says so itself, a signature takes precedence, and whatever
    /// changes something also carries a header that no form can send.
    pub(crate) fn of_own_page<'h>(&self, method: &Method, headers: &'h HeaderMap, uri: &Uri) -> Option<&'h str> {
        let resource = uri.path_and_query().map_or("", |resource| resource.as_str());
        if headers.contains_key("authorization") || hawk::take_bewit(resource).is_some() {
            return None;
        }
        if self.is_own_page(method, headers) { self.value(headers) } else { None }
    }

    pub(crate) fn is_own_page(&self, method: &Method, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let same_origin = match text("sec-fetch-site") {
            Some(site) => site == "same-origin",
            None => text("origin").is_some_and(|origin| origin == self.root_url),
        };
        let only_reads = matches!(*method, Method::GET | Method::HEAD);
        same_origin && (only_reads || text(PAGE_HEADER) == Some("1"))
    }

    /// Its value, whoever sends it: for requests with which a browser comes back from elsewhere.
    pub(crate) fn value<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let lines = headers.get_all("cookie").iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.name).map(|(_, value)| value)
    }

    /// The header that sets it.
    pub(crate) fn set(&self, value: &str, life: TimeDelta) -> String {
        let Self { name, is_secure, .. } = self;
        let secure = if *is_secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}", life.num_seconds())
    }

    /// The header that removes it.
    pub(crate) fn clear(&self) -> String {
        self.set("", TimeDelta::zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "http://127.0.0.1:8080";

    fn found(method: &Method, headers: &[(&'static str, &str)]) -> bool {
        let cookie = SessionCookie::new(ROOT);
        let line = format!("other=1; {}=secret", cookie.name);
        let mut map = HeaderMap::new();
        map.insert("cookie", line.parse().unwrap());
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        cookie.of_own_page(method, &map, &Uri::from_static("/api/queue/v1/task/x")) == Some("secret")
    }

    #[test]
    fn only_requests_of_our_own_page_count() {
        let own = ("sec-fetch-site", "same-origin");
        assert!(found(&Method::GET, &[own]) && found(&Method::GET, &[("origin", ROOT)]));
        for foreign in ["same-site", "cross-site", "none"] {
            assert!(!found(&Method::GET, &[("sec-fetch-site", foreign), ("origin", ROOT)]), "{foreign}");
        }
        assert!(!found(&Method::GET, &[]) && !found(&Method::GET, &[("origin", "http://127.0.0.1:8081")]));
        assert!(!found(&Method::GET, &[own, ("authorization", "Hawk id=\"a\"")]));
    }

    #[test]
    fn a_form_can_change_nothing() {
        let own = ("sec-fetch-site", "same-origin");
        assert!(!found(&Method::POST, &[own]) && !found(&Method::POST, &[("origin", ROOT)]));
        assert!(found(&Method::POST, &[own, ("x-drover-ui", "1")]));
        assert!(!found(&Method::POST, &[("sec-fetch-site", "cross-site"), ("x-drover-ui", "1")]));
    }

    #[test]
    fn names_differ_between_servers_of_one_host_and_https_is_strict() {
        let other = SessionCookie::new("http://127.0.0.1:8081");
        assert_ne!(SessionCookie::new(ROOT).name, other.name);
        let secure = SessionCookie::new("https://ci.example.com").set("v", TimeDelta::days(1));
        assert!(secure.starts_with("__Host-drover-") && secure.ends_with("; Max-Age=86400; Secure"), "{secure}");
    }
}
