//! A memory that callers cannot grow without end, whatever names they make up.

use std::{collections::HashMap, hash::Hash, mem};

/// Keeps at least the newest `largest` entries and at most twice as many. Where there are more, what was not put in
/// anew for longest is forgotten, a whole generation at a time: so neither a clock nor a list of ages is needed.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    largest: usize,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    pub fn new(largest: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), largest: largest.max(1) }
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    pub fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.largest && !self.young.contains_key(&key) {
            self.old = mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.young.retain(&mut keep);
        self.old.retain(keep);
    }

    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.young.keys().chain(self.old.keys())
    }

    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    pub fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_holds_more_than_two_generations_and_keeps_the_newest() {
        let mut recent = Recent::new(10);
        for number in 0..1000 {
            recent.insert(number, number);
            recent.insert(-1, number);
            assert!(recent.len() <= 20);
            assert_eq!((recent.get(&number), recent.get(&-1)), (Some(&number), Some(&number)));
        }
        assert!(recent.get(&0).is_none());
        assert!((991..1000).all(|number| recent.get(&number).is_some()), "at least the newest are there");
    }

    #[test]
    fn what_is_taken_out_is_gone_from_both_generations() {
        let mut recent = Recent::new(1);
        recent.insert("a", 1);
        recent.insert("b", 2);
        assert_eq!((recent.remove(&"a"), recent.remove(&"a"), recent.len()), (Some(1), None, 1));
        recent.retain(|_, value| *value != 2);
        assert!(recent.is_empty());
    }
}
