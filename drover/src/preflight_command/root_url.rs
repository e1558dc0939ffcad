//! The address for clients: one that can be in links, and the one that links have been made with before.

use std::net::IpAddr;

use reqwest::Url;

use super::report::Check;
use crate::exit::Exit;

const SETTING: &str = "api.root_url";

pub(super) fn check(root_url: &str) -> Check {
    if root_url.is_empty() {
        let message = format!("the setting `{SETTING}` is empty: links and redirects name the listening address");
        return Check::warning("root URL", message, format!("set `{SETTING}` to the address that clients use"));
    }
    match problem(root_url) {
        None => Check::ok("root URL", root_url),
        Some(problem) => {
            let message = format!("the setting `{SETTING}` is `{root_url}`, {problem}");
            Check::failed("root URL", Exit::Usage, message, "write it like https://ci.example.com")
        }
    }
}

fn problem(root_url: &str) -> Option<String> {
    let url = match Url::parse(root_url) {
        Ok(url) => url,
        Err(error) => return Some(format!("which is no URL: {error}")),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Some(format!("whose scheme is `{}`, not http or https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("which has a user in it".to_owned());
    }
    let has_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
    has_more.then(|| "which has more than scheme, host and port".to_owned())
}

/// Whether the database was used with the same one. Sessions, artifacts' links, sources of tasks and clients' settings name it.
pub(super) fn compared(root_url: &str, used: Option<&str>, is_new: bool) -> Check {
    const CHECK: &str = "same root URL";
    let root_url = root_url.trim_end_matches('/');
    let Some(used) = used.filter(|used| !is_local(used)) else {
        return Check::skipped(CHECK, "it is not known which one this database was used with");
    };
    if root_url.is_empty() || root_url == used {
        return Check::ok(CHECK, format!("this database was used with {used}"));
    }
    let message = format!("this database was used with {used}, and the setting `{SETTING}` is {root_url}");
    if is_new {
        return Check::warning(CHECK, message, "existing links and clients have to follow");
    }
    let fix = "correct the setting, or name the right database; where the address is to change, add --new-root-url (in the \
               chart: preflight.newRootUrl)";
    Check::failed(CHECK, Exit::Usage, message, fix)
}

/// An address that a process took because none was set.
fn is_local(url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::{super::report::Outcome, *};

    #[test]
    fn a_root_url_is_scheme_host_and_port() {
        for good in ["https://ci.example.com", "http://ci.internal:8080", "https://ci.example.com/"] {
            assert_eq!(check(good).outcome, Outcome::Ok, "{good}");
        }
        for bad in [
            "ci.example.com",
            "ftp://ci.example.com",
            "https://me@ci.example.com",
            "https://ci.example.com/x",
            "https://",
        ] {
            let check = check(bad);
            assert_eq!(check.outcome, Outcome::Failed, "{bad}");
            assert!(check.message.contains("`api.root_url`") && check.fix.is_some(), "{check:?}");
        }
        assert_eq!(check("").outcome, Outcome::Warning);
    }

    #[test]
    fn another_root_url_needs_to_be_meant() {
        let outcome = |root_url, used, is_new| compared(root_url, used, is_new).outcome;
        let (one, two) = ("https://one.example", "https://two.example");
        assert_eq!(outcome(one, None, false), Outcome::Skipped);
        assert_eq!(outcome(one, Some("http://127.0.0.1:8080"), false), Outcome::Skipped);
        assert_eq!(outcome(one, Some("http://[::]:8080"), false), Outcome::Skipped);
        assert_eq!(outcome("https://one.example/", Some(one), false), Outcome::Ok);
        assert_eq!(outcome(one, Some(two), false), Outcome::Failed);
        assert_eq!(outcome(one, Some(two), true), Outcome::Warning);
    }
}
