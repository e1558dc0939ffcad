//! Many times of the same thing.

use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    pub(crate) fn append(&mut self, mut more: Self) {
        self.0.append(&mut more.0);
    }

    /// Milliseconds that half of the samples stayed below, and that all but a hundredth did. `None`: nothing was
    /// sampled.
    pub(crate) fn median_and_tail(mut self) -> Option<(f64, f64)> {
        self.0.sort_unstable();
        let last = self.0.len().checked_sub(1)?;
        let at = |percent: usize| milliseconds(self.0[(last * percent).div_ceil(100)]);
        Some((at(50), at(99)))
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_what_one_in_a_hundred_exceeds() {
        let mut samples = Samples::default();
        assert_eq!(Samples::default().median_and_tail(), None);
        (0..=100).rev().for_each(|number| samples.push(Duration::from_millis(number)));
        assert_eq!(samples.median_and_tail(), Some((50.0, 99.0)));
    }
}
