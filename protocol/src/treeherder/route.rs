//! Routes of the form `<prefix>.v2.<project>.<revision>[.<push id>]`.

use super::Problem;

/// The push a task belongs to, as its route names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The first word: which Treeherder is meant.
    pub prefix: String,
    /// Owner of the repository, where the route has one.
    pub owner: Option<String>,
    pub project: String,
    pub revision: String,
    pub push_id: Option<i64>,
}

/// Where to report a task: at most one destination for each prefix. A task without a route for a prefix is not reported
/// to that Treeherder.
pub fn destinations(routes: &[String], prefixes: &[String]) -> Vec<Result<Destination, Problem>> {
    prefixes.iter().filter_map(|prefix| destination(routes, prefix)).collect()
}

fn destination(routes: &[String], prefix: &str) -> Option<Result<Destination, Problem>> {
    let mine: Vec<&str> = routes.iter().map(String::as_str).filter(|route| first_word(route) == prefix).collect();
    match mine.as_slice() {
        [] => None,
        [route] => Some(Destination::read(route, prefix)),
        several => Some(Err(Problem::SeveralRoutes(prefix.to_owned(), several.len()))),
    }
}

fn first_word(route: &str) -> &str {
    route.split('.').next().unwrap_or(route)
}

const REVISION_DIGITS: usize = 40;
const LONGEST_PROJECT: usize = 50;

impl Destination {
    fn read(route: &str, prefix: &str) -> Result<Self, Problem> {
        let words: Vec<&str> = route.split('.').collect();
        let (full_name, revision, push_id) = match words[..] {
            [_, "v2", project, revision] => (project, revision, None),
            [_, "v2", project, revision, push_id] => (project, revision, Some(push_id)),
            _ => return Err(Problem::Route(route.to_owned(), prefix.to_owned())),
        };
        let (owner, project) = full_name.split_once('/').map_or((None, full_name), |(owner, name)| (Some(owner), name));
        if !is_name(project) || !owner.is_none_or(is_name) {
            return Err(Problem::Project(full_name.to_owned()));
        }
        if !is_revision(revision) {
            return Err(Problem::Revision(revision.to_owned()));
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            owner: owner.map(str::to_owned),
            project: project.to_owned(),
            revision: revision.to_owned(),
            push_id: push_id.map(read_push_id).transpose()?,
        })
    }
}

fn read_push_id(word: &str) -> Result<i64, Problem> {
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { word.parse().ok() } else { None };
    number.ok_or_else(|| Problem::PushId(word.to_owned()))
}

fn is_name(word: &str) -> bool {
    (1..=LONGEST_PROJECT).contains(&word.len()) && word.bytes().all(is_name_byte)
}

pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn is_revision(word: &str) -> bool {
    word.len() == REVISION_DIGITS && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
