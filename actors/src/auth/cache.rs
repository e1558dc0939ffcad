use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use super::Claim;

/// Entries of one generation; there are two.
const LARGEST: usize = 1000;
/// Bytes of ids and certificates in one generation: whoever may sign chooses how long they are.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Claims that come again and again: those of temporary credentials, with every request that they sign.
///
/// What was not asked for during one whole generation is forgotten. A claim is found by a hash, made outside the lock,
/// and then compared in whole.
#[derive(Default)]
pub(super) struct Cache {
    hasher: RandomState,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<u64, Entry>,
    young_bytes: usize,
    old: HashMap<u64, Entry>,
}

struct Entry {
    id: Box<str>,
    ext: Box<str>,
    claim: Arc<Claim>,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.id.len() + self.ext.len()
    }
}

impl Cache {
    pub(super) fn get(&self, id: &str, ext: &str) -> Option<Arc<Claim>> {
        let hash = self.hasher.hash_one((id, ext));
        self.generations.lock().unwrap_or_else(PoisonError::into_inner).get(hash, id, ext)
    }

    pub(super) fn put(&self, id: &str, ext: &str, claim: Arc<Claim>) {
        let hash = self.hasher.hash_one((id, ext));
        let entry = Entry { id: id.into(), ext: ext.into(), claim };
        self.generations.lock().unwrap_or_else(PoisonError::into_inner).put(hash, entry);
    }
}

impl Generations {
    fn get(&mut self, hash: u64, id: &str, ext: &str) -> Option<Arc<Claim>> {
        let is_meant = |entry: &Entry| *entry.id == *id && *entry.ext == *ext;
        if let Some(entry) = self.young.get(&hash) {
            return is_meant(entry).then(|| entry.claim.clone());
        }
        let entry = self.old.remove(&hash).filter(is_meant)?;
        let claim = entry.claim.clone();
        self.put(hash, entry);
        Some(claim)
    }

    fn put(&mut self, hash: u64, entry: Entry) {
        let bytes = entry.bytes();
        if self.young.len() >= LARGEST || self.young_bytes + bytes > MOST_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        let former = self.young.insert(hash, entry);
        self.young_bytes -= former.map_or(0, |former| former.bytes());
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
    use crate::auth::Client;

    fn claim() -> Arc<Claim> {
        let client = Arc::new(Client::lasting("c", "t", ["x"]));
        Arc::new(Claim { client, key: "k".to_owned(), scopes: Arc::default(), expires: None, times: None })
    }

    #[test]
    fn a_claim_is_found_by_all_of_what_was_claimed() {
        let (cache, claim) = (Cache::default(), claim());
        cache.put("id", "ext", claim.clone());
        assert!(cache.get("id", "ext").is_some_and(|found| Arc::ptr_eq(&found, &claim)));
        assert!(cache.get("id", "other").is_none() && cache.get("other", "ext").is_none());
    }

    #[test]
    fn it_stays_small_and_keeps_what_is_in_use() {
        let cache = Cache::default();
        cache.put("kept", "", claim());
        for number in 0..3 * LARGEST {
            cache.put("id", &number.to_string(), claim());
            assert!(cache.get("kept", "").is_some());
        }
        let generations = cache.generations.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * LARGEST);
    }

    #[test]
    fn long_certificates_do_not_make_it_large() {
        let (cache, long) = (Cache::default(), "x".repeat(60_000));
        for number in 0..300 {
            cache.put("id", &format!("{long}{number}"), claim());
            cache.put("id", &format!("{long}{number}"), claim());
        }
        let generations = cache.generations.lock().unwrap();
        let all = generations.young.values().chain(generations.old.values());
        let bytes: usize = all.map(Entry::bytes).sum();
        assert!(bytes <= 2 * MOST_BYTES && bytes > MOST_BYTES / 2, "{bytes}");
        assert_eq!(generations.young_bytes, generations.young.values().map(Entry::bytes).sum::<usize>());
    }
}
