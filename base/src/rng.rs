//! Random numbers, as a tree of streams that tests can seed.

use std::{
    collections::BTreeMap,
    fmt,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rand::{Rng as RandomSource, RngExt, SeedableRng, rngs::StdRng};

/// A random number generator. Clones draw from the same stream; branches have streams of their own, so that one
/// more draw in one component does not change the numbers of another.
#[derive(Clone)]
pub struct Rng(Arc<Node>);

struct Node {
    /// `None`: from the operating system, and so is every branch.
    seed: Option<u64>,
    stream: Mutex<StdRng>,
    branched: Mutex<BTreeMap<String, u64>>,
}

impl Rng {
    /// Cryptographically secure.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn system() -> Self {
        Self::node(None, rand::make_rng())
    }

    /// The same seed gives the same tree. For tests and simulations only: everything drawn can be guessed.
    pub fn seeded(seed: u64) -> Self {
        Self::node(Some(seed), StdRng::seed_from_u64(seed))
    }

    /// The stream of one component. In a seeded tree it depends on the path of names, and on how many branches
    /// of the same name were taken before, so two workers never share a stream.
    #[must_use]
    pub fn branch(&self, name: &str) -> Self {
        let Some(seed) = self.0.seed else { return Self::system() };
        let mut branched = self.0.branched.lock().unwrap_or_else(PoisonError::into_inner);
        let count = branched.entry(name.to_owned()).or_default();
        let child = mix(name.bytes().fold(mix(seed), |hash, byte| mix(hash ^ u64::from(byte))) ^ *count);
        *count += 1;
        Self::seeded(child)
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.draw(|stream| stream.fill_bytes(&mut bytes));
        bytes
    }

    /// Sixteen random bytes for a UUID.
    pub fn uuid_bytes(&self) -> [u8; 16] {
        self.bytes()
    }

    pub fn number(&self) -> u64 {
        self.draw(RandomSource::next_u64)
    }

    /// A number in the range, which must not be empty.
    pub fn range(&self, range: Range<u64>) -> u64 {
        self.draw(|stream| stream.random_range(range))
    }

    /// In `0.0..1.0`.
    pub fn fraction(&self) -> f64 {
        self.draw(RngExt::random)
    }

    /// A duration between half of `around` and one and a half of it, so that many processes do not act at the same time.
    pub fn jitter(&self, around: Duration) -> Duration {
        around.mul_f64(0.5 + self.fraction())
    }

    fn node(seed: Option<u64>, stream: StdRng) -> Self {
        Self(Arc::new(Node { seed, stream: Mutex::new(stream), branched: Mutex::default() }))
    }

    fn draw<T>(&self, step: impl FnOnce(&mut StdRng) -> T) -> T {
        step(&mut self.0.stream.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.0.seed.is_some() { "seeded" } else { "system" };
        write!(f, "Rng({kind})")
    }
}

/// The finishing steps of `splitmix64`: near inputs give far outputs.
const fn mix(input: u64) -> u64 {
    let mut z = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_streams() {
        let draw = || Rng::seeded(7).branch("queue").branch("batcher").bytes::<8>();
        assert_eq!(draw(), draw());
    }

    #[test]
    fn draws_of_one_branch_do_not_affect_others() {
        let (quiet, busy) = (Rng::seeded(7), Rng::seeded(7));
        busy.number();
        busy.branch("api").number();
        assert_eq!(quiet.branch("queue").number(), busy.branch("queue").number());
    }

    #[test]
    fn branches_of_one_name_differ() {
        let tree = Rng::seeded(7);
        assert_ne!(tree.branch("worker").number(), tree.branch("worker").number());
    }

    #[test]
    fn the_system_gives_different_bytes_each_time() {
        let tree = Rng::system();
        assert_ne!(tree.uuid_bytes(), tree.uuid_bytes());
        assert_ne!(tree.branch("ids").uuid_bytes(), tree.branch("ids").uuid_bytes());
    }

    #[test]
    fn jitter_stays_within_half_of_the_duration() {
        let tree = Rng::seeded(7);
        let middle = Duration::from_secs(10);
        for _ in 0..100 {
            let length = tree.jitter(middle);
            assert!(length >= middle / 2 && length < middle * 3 / 2, "{length:?}");
        }
    }
}
