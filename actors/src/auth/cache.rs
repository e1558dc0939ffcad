use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use protocol::scope::ScopeSet;

/// Entries of one generation; there are two.
const LARGEST: usize = 5000;

/// Expansions of scopes that come again and again: those in the certificates of temporary credentials.
///
/// What was not asked for during one whole generation is forgotten. Scopes are found by their hash, made outside the
/// lock, and compared in whole.
#[derive(Default)]
pub(super) struct Cache {
    hasher: RandomState,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<u64, Entry>,
    old: HashMap<u64, Entry>,
}

struct Entry {
    scopes: Box<[String]>,
    expanded: Arc<ScopeSet>,
}

impl Cache {
    pub(super) fn get_or_make(&self, scopes: &[String], make: impl FnOnce() -> ScopeSet) -> Arc<ScopeSet> {
        let hash = self.hasher.hash_one(scopes);
        if let Some(found) = self.generations.lock().unwrap_or_else(PoisonError::into_inner).get(hash, scopes) {
            return found;
        }
        let expanded = Arc::new(make());
        let entry = Entry { scopes: scopes.into(), expanded: expanded.clone() };
        self.generations.lock().unwrap_or_else(PoisonError::into_inner).put(hash, entry);
        expanded
    }
}

impl Generations {
    fn get(&mut self, hash: u64, scopes: &[String]) -> Option<Arc<ScopeSet>> {
        if let Some(entry) = self.young.get(&hash) {
            return (*entry.scopes == *scopes).then(|| entry.expanded.clone());
        }
        let entry = self.old.remove(&hash).filter(|entry| *entry.scopes == *scopes)?;
        let expanded = entry.expanded.clone();
        self.put(hash, entry);
        Some(expanded)
    }

    fn put(&mut self, hash: u64, entry: Entry) {
        if self.young.len() >= LARGEST {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, entry);
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(number: usize) -> Vec<String> {
        vec![format!("scope:{number}")]
    }

    #[test]
    fn what_is_asked_for_again_is_made_once() {
        let cache = Cache::default();
        let first = cache.get_or_make(&scopes(1), || ScopeSet::new(["a"]));
        let again = cache.get_or_make(&scopes(1), || unreachable!("it was made before"));
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(cache.get_or_make(&scopes(2), ScopeSet::default).as_slice().len(), 0);
    }

    #[test]
    fn it_stays_small_and_keeps_what_is_in_use() {
        let cache = Cache::default();
        let kept = cache.get_or_make(&scopes(0), || ScopeSet::new(["kept"]));
        for number in 1..3 * LARGEST {
            cache.get_or_make(&scopes(number), ScopeSet::default);
            let again = cache.get_or_make(&scopes(0), || unreachable!("it is in use"));
            assert!(Arc::ptr_eq(&kept, &again));
        }
        let generations = cache.generations.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * LARGEST);
    }
}
