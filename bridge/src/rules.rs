//! The settings of one master, read once: which builders tasks may use, and how builds end.

use protocol::{
    id::{TaskQueueId, WorkerName},
    scope::ScopeSet,
};
use regex::Regex;

use crate::{MasterSettings, driver};

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the setting `bridge.masters`, master `{master}`: {message}")]
pub struct InvalidMaster {
    pub master: String,
    pub message: String,
}

/// The compiled settings of a master.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) settings: MasterSettings,
    pub(crate) task_queue_id: TaskQueueId,
    allowed: Vec<Regex>,
    ignored: Vec<Regex>,
    public_properties: Vec<Regex>,
}

/// Longest name of a worker, a group of workers, a provisioner.
const MAX_NAME_LENGTH: usize = 38;
/// The worker id of claims without a worker of the master.
const NO_WORKER: &str = "master";

impl Rules {
    pub(crate) fn read(settings: MasterSettings) -> Result<Self, InvalidMaster> {
        let bad = |message: String| InvalidMaster { master: settings.name.clone(), message };
        if !is_name(&settings.name) {
            return Err(bad("`name` must be 1 to 38 letters, digits, `-` or `_`".to_owned()));
        }
        let task_queue_id = TaskQueueId(settings.task_queue_id());
        let (provisioner, worker_type) = task_queue_id.parts();
        if !is_name(provisioner) || !is_name(worker_type) {
            return Err(bad(format!(
                "`task_queue` is `{task_queue_id}`; write `provisionerId/workerType`, like `buildbot/{}`",
                settings.name
            )));
        }
        let patterns = |field: &str, patterns: &[String]| -> Result<Vec<Regex>, InvalidMaster> {
            let compiled = patterns.iter().map(|pattern| Regex::new(&format!("^(?:{pattern})$")));
            let compiled: Result<Vec<Regex>, regex::Error> = compiled.collect();
            compiled.map_err(|error| bad(format!("`{field}` has an invalid regular expression: {error}")))
        };
        Ok(Self {
            allowed: patterns("allowed_builders", &settings.allowed_builders)?,
            ignored: patterns("ignored_builders", &settings.ignored_builders)?,
            public_properties: patterns("public_properties", &settings.public_properties)?,
            task_queue_id,
            settings,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.settings.name
    }

    /// The tasks of this builder are not run by the bridge.
    pub(crate) fn ignores(&self, builder: &str) -> bool {
        matches(&self.ignored, builder)
    }

    pub(crate) fn allows(&self, builder: &str) -> bool {
        self.allowed.is_empty() || matches(&self.allowed, builder)
    }

    pub(crate) fn publishes(&self, property: &str) -> bool {
        matches(&self.public_properties, property)
    }

    /// The scope that a task needs for a builder, if it does not have it.
    pub(crate) fn missing_scope(&self, builder: &str, held: &ScopeSet) -> Option<String> {
        let needed = format!("buildbot:build:{}/{builder}", self.name());
        let legacy = format!("project:releng:buildbot-bridge:builder-name:{builder}");
        let held = held.satisfies(&needed) || self.settings.legacy_scopes && held.satisfies(&legacy);
        (!held).then_some(needed)
    }

    /// The worker that claims the run of a build.
    pub(crate) fn worker_name(&self, worker: Option<&driver::WorkerName>) -> WorkerName {
        let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        let name: String =
            worker.iter().flat_map(|worker| worker.0.chars()).map(allowed).take(MAX_NAME_LENGTH).collect();
        let worker_id = if name.is_empty() { NO_WORKER.to_owned() } else { name };
        WorkerName { worker_group: self.name().to_owned(), worker_id }
    }
}

fn matches(patterns: &[Regex], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.is_match(text))
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=MAX_NAME_LENGTH).contains(&text.len()) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> MasterSettings {
        MasterSettings { name: "m".to_owned(), ..MasterSettings::default() }
    }

    #[test]
    fn patterns_match_whole_names() {
        let list = |pattern: &str| vec![pattern.to_owned()];
        let (allowed_builders, ignored_builders) = (list("linux|mac"), list("old-.*"));
        let rules = Rules::read(MasterSettings { allowed_builders, ignored_builders, ..settings() }).unwrap();
        assert_eq!(["linux", "mac", "linux64", "xlinux"].map(|name| rules.allows(name)), [true, true, false, false]);
        assert_eq!(["old-1", "an-old-1"].map(|name| rules.ignores(name)), [true, false]);
        assert!(rules.publishes("revision") && !rules.publishes("secret_revision"));
    }

    #[test]
    fn an_invalid_setting_is_named() {
        let message = |settings| Rules::read(settings).unwrap_err().to_string();
        assert!(message(MasterSettings { name: "a b".to_owned(), ..settings() }).contains("`name`"));
        assert!(message(MasterSettings { task_queue: "x".to_owned(), ..settings() }).contains("`task_queue`"));
        let allowed_builders = vec!["(".to_owned()];
        assert!(message(MasterSettings { allowed_builders, ..settings() }).contains("`allowed_builders`"));
    }

    #[test]
    fn the_scope_of_a_builder_is_required_and_the_legacy_one_only_accepted_by_setting() {
        let rules = Rules::read(settings()).unwrap();
        let old = ScopeSet::new(["project:releng:buildbot-bridge:builder-name:b"]);
        assert_eq!(rules.missing_scope("b", &ScopeSet::new(["buildbot:build:m/*"])), None);
        assert_eq!(rules.missing_scope("b", &ScopeSet::new(["buildbot:build:n/*"])).unwrap(), "buildbot:build:m/b");
        assert!(rules.missing_scope("b", &old).is_some());
        let rules = Rules::read(MasterSettings { legacy_scopes: true, ..settings() }).unwrap();
        assert_eq!(rules.missing_scope("b", &old), None);
    }

    #[test]
    fn a_worker_of_any_name_can_claim() {
        let rules = Rules::read(settings()).unwrap();
        let name = |worker: &str| rules.worker_name(Some(&driver::WorkerName(worker.to_owned()))).worker_id;
        assert_eq!(name("bld-linux.64 ä"), "bld-linux-64--");
        assert_eq!(name(&"x".repeat(60)).len(), 38);
        assert_eq!(rules.worker_name(None).worker_id, "master");
    }
}
