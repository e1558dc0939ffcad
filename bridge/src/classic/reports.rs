//! Properties of builds that masters publish and do not store: among them the worker's name and the URL of the log.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::message::BuildMessage;
use crate::driver::{Properties, WorkerName};

/// The most builds that are kept. Of a dropped one the end is still found, but not the log.
const MAX_BUILDS: usize = 2000;
/// Longer values of properties are dropped.
const MAX_VALUE_LENGTH: usize = 4096;
const WORKER: &str = "slavename";

#[derive(Default)]
pub(super) struct BuildReports(Mutex<State>);

#[derive(Default)]
struct State {
    builds: HashMap<Key, BuildReport>,
    /// The oldest first.
    order: VecDeque<Key>,
}

/// A request id and a build number: the only identifiers that messages and rows have in common.
type Key = (i64, i64);

#[derive(Clone, Default)]
pub(super) struct BuildReport {
    pub(super) properties: Arc<Properties>,
    /// No further message follows.
    pub(super) is_final: bool,
}

impl BuildReports {
    /// A build of several requests is stored for each.
    pub(super) fn store(&self, message: &BuildMessage) {
        let short =
            |value: &Value| value.as_str().map_or_else(|| value.to_string().len(), str::len) <= MAX_VALUE_LENGTH;
        let kept = message.properties.iter().filter(|(_, property)| short(&property.value));
        let properties: Arc<Properties> = Arc::new(kept.map(|(name, it)| (name.clone(), it.clone())).collect());
        let mut state = self.lock();
        for request in &message.requests {
            state.insert(
                (*request, message.number),
                BuildReport { properties: properties.clone(), is_final: message.is_final },
            );
        }
    }

    pub(super) fn of(&self, request: i64, number: i64) -> Option<BuildReport> {
        self.lock().builds.get(&(request, number)).cloned()
    }

    pub(super) fn worker(&self, request: i64, number: i64) -> Option<WorkerName> {
        let report = self.of(request, number)?;
        report.properties.get(WORKER)?.value.as_str().map(|name| WorkerName(name.to_owned()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn insert(&mut self, key: Key, report: BuildReport) {
        match self.builds.get_mut(&key) {
            // Messages may come in any order.
            Some(known) if known.is_final && !report.is_final => {}
            Some(known) => *known = report,
            None => {
                self.builds.insert(key, report);
                self.order.push_back(key);
            }
        }
        if self.order.len() > MAX_BUILDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.builds.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::driver::Property;

    fn message(request: i64, value: &str, is_final: bool) -> BuildMessage {
        let property = Property { value: json!(value), source: "x".to_owned() };
        BuildMessage {
            requests: vec![request],
            number: 1,
            properties: [(WORKER.to_owned(), property)].into(),
            is_final,
        }
    }

    #[test]
    fn a_final_message_is_not_replaced_by_an_earlier_one() {
        let reports = BuildReports::default();
        reports.store(&message(1, "late", true));
        reports.store(&message(1, "early", false));
        assert!(reports.of(1, 1).unwrap().is_final);
        assert_eq!(reports.worker(1, 1), Some(WorkerName("late".to_owned())));
        assert!(reports.of(1, 2).is_none() && reports.of(2, 1).is_none());
    }

    #[test]
    fn the_oldest_builds_and_long_values_are_dropped() {
        let reports = BuildReports::default();
        reports.store(&message(0, &"x".repeat(5000), true));
        assert!(reports.of(0, 1).unwrap().properties.is_empty());
        (1..=2000).for_each(|request| reports.store(&message(request, "w", true)));
        assert!(reports.of(0, 1).is_none() && reports.of(1, 1).is_some());
        assert_eq!(reports.lock().builds.len(), MAX_BUILDS);
    }
}
