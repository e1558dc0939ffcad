//! Links to the log and the artifacts of a run.

use std::{collections::HashMap, fmt::Write};

use serde::Serialize;

use super::{Dialect, Problem, cut};
use crate::id::{RunId, TaskId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    pub label: &'static str,
    #[serde(rename = "linkText")]
    pub text: String,
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Log {
    pub name: &'static str,
    pub url: String,
}

/// Links to the artifacts of a run, and what could not be linked as it is.
#[derive(Default)]
pub(super) struct Links {
    pub(super) links: Vec<Link>,
    pub(super) problems: Vec<Problem>,
}

/// Where the artifacts of one run are.
pub(super) struct RunArtifacts<'a> {
    pub(super) root_url: &'a str,
    pub(super) task_id: TaskId,
    pub(super) run_id: RunId,
}

const LABEL: &str = "artifact uploaded";
const LOG: &str = "public/logs/live_backing.log";
const LONGEST_LOG_URL: usize = 255;
const LONGEST_LINK_URL: usize = 512;
const LONGEST_LINK_TEXT: usize = 125;

impl RunArtifacts<'_> {
    /// Linked whether or not the run has it: it may come a little later.
    pub(super) fn logs(&self, dialect: Dialect) -> Result<Vec<Log>, Problem> {
        let name = match dialect {
            Dialect::Present => "live_backing_log",
            Dialect::Of2019 => "builds-4h",
        };
        let url = self.url(LOG);
        if url.len() > LONGEST_LOG_URL { Err(Problem::LogDropped) } else { Ok(vec![Log { name, url }]) }
    }

    /// In the order of the names, each with its last part as text; a text seen before gets a number. Names that end in
    /// a slash have no text and are passed over.
    pub(super) fn links(&self, names: &[String]) -> Links {
        let (mut links, mut dropped, mut shortened) = (Vec::with_capacity(names.len()), 0, 0);
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for name in names {
            let text = name.rsplit('/').next().unwrap_or(name);
            if text.is_empty() {
                continue;
            }
            let before = seen.entry(text).or_default();
            let number = *before;
            *before += 1;
            let url = self.url(name);
            if url.len() > LONGEST_LINK_URL {
                dropped += 1;
                continue;
            }
            let link_text = numbered(text, number);
            shortened += usize::from(!link_text.starts_with(text));
            links.push(Link { label: LABEL, text: link_text, url });
        }
        let dropped = (dropped > 0).then_some(Problem::LinksDropped(dropped));
        let shortened = (shortened > 0).then_some(Problem::TextsCut(shortened));
        Links { links, problems: dropped.into_iter().chain(shortened).collect() }
    }

    fn url(&self, name: &str) -> String {
        let Self { root_url, task_id, run_id } = self;
        format!("{root_url}/api/queue/v1/task/{task_id}/runs/{run_id}/artifacts/{}", encoded(name))
    }
}

/// The number stays whole where the text must be cut.
fn numbered(text: &str, before: usize) -> String {
    let number = if before == 0 { String::new() } else { format!(" ({before})") };
    format!("{}{number}", cut(text, LONGEST_LINK_TEXT - number.len()))
}

/// As part of a URL. Slashes stay, and so does whatever else may stand in a path.
fn encoded(name: &str) -> String {
    const PLAIN: &[u8] = b"-._~/!$&'()*+,;=:@";
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
