//! Random seeds of tests.

use crate::Rng;

/// The seed of all randomness of one test. It is printed, so that a failure can be repeated.
#[derive(Debug)]
pub struct Seed(pub u64);

impl Seed {
    /// The number in `DROVER_TEST_SEED`, or a new one.
    ///
    /// # Panics
    ///
    /// Where the variable holds no number.
    #[expect(clippy::disallowed_methods, reason = "a test's seed is no setting of the product")]
    pub fn choose(test: &str) -> Self {
        let given =
            std::env::var("DROVER_TEST_SEED").ok().map(|text| text.parse().expect("DROVER_TEST_SEED is a number"));
        let seed = given.unwrap_or_else(|| Rng::system().range(0..1_000_000));
        println!("{test}: DROVER_TEST_SEED={seed} repeats this run");
        Self(seed)
    }

    pub fn rng(&self) -> Rng {
        Rng::seeded(self.0)
    }
}
