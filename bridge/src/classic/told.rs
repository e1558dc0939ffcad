//! What masters told of builds and keep nowhere: properties, among them the worker's name and where the log lies.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::message::Heard;
use crate::driver::{Properties, WorkerName};

/// How many builds are remembered. Of one that is forgotten the log is not found; its end is.
const MOST: usize = 2000;
/// Longer values of properties are not kept.
const LONGEST: usize = 4096;
const WORKER: &str = "slavename";

#[derive(Default)]
pub(super) struct Told(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    builds: HashMap<Key, Facts>,
    /// The oldest first.
    order: VecDeque<Key>,
}

/// A request and the number of its build: of all that messages and rows have in common, what tells builds apart.
type Key = (i64, i64);

#[derive(Clone, Default)]
pub(super) struct Facts {
    pub(super) properties: Arc<Properties>,
    /// Nothing more will be told.
    pub(super) whole: bool,
}

impl Told {
    /// A build that serves several requests is known by each.
    pub(super) fn hear(&self, heard: &Heard) {
        let short = |value: &Value| value.as_str().map_or_else(|| value.to_string().len(), str::len) <= LONGEST;
        let kept = heard.properties.iter().filter(|(_, property)| short(&property.value));
        let properties: Arc<Properties> = Arc::new(kept.map(|(name, it)| (name.clone(), it.clone())).collect());
        let mut memory = self.lock();
        for request in &heard.requests {
            memory.keep((*request, heard.number), Facts { properties: properties.clone(), whole: heard.last });
        }
    }

    pub(super) fn of(&self, request: i64, number: i64) -> Option<Facts> {
        self.lock().builds.get(&(request, number)).cloned()
    }

    pub(super) fn worker(&self, request: i64, number: i64) -> Option<WorkerName> {
        let facts = self.of(request, number)?;
        facts.properties.get(WORKER)?.value.as_str().map(|name| WorkerName(name.to_owned()))
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn keep(&mut self, key: Key, facts: Facts) {
        match self.builds.get_mut(&key) {
            // Messages may come in any order.
            Some(known) if known.whole && !facts.whole => {}
            Some(known) => *known = facts,
            None => {
                self.builds.insert(key, facts);
                self.order.push_back(key);
            }
        }
        if self.order.len() > MOST
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

    fn heard(request: i64, value: &str, last: bool) -> Heard {
        let property = Property { value: json!(value), source: "x".to_owned() };
        Heard { requests: vec![request], number: 1, properties: [(WORKER.to_owned(), property)].into(), last }
    }

    #[test]
    fn the_last_word_stands_whatever_comes_after_it() {
        let told = Told::default();
        told.hear(&heard(1, "late", true));
        told.hear(&heard(1, "early", false));
        assert!(told.of(1, 1).unwrap().whole);
        assert_eq!(told.worker(1, 1), Some(WorkerName("late".to_owned())));
        assert!(told.of(1, 2).is_none() && told.of(2, 1).is_none());
    }

    #[test]
    fn it_forgets_the_oldest_and_keeps_nothing_huge() {
        let told = Told::default();
        told.hear(&heard(0, &"x".repeat(5000), true));
        assert!(told.of(0, 1).unwrap().properties.is_empty());
        (1..=2000).for_each(|request| told.hear(&heard(request, "w", true)));
        assert!(told.of(0, 1).is_none() && told.of(1, 1).is_some());
        assert_eq!(told.lock().builds.len(), MOST);
    }
}
