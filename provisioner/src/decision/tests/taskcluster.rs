//! Taskcluster's estimate, compared with a table and with the formula as its documentation has it.

use proptest::prelude::*;

use super::*;

struct Case {
    min: u32,
    max: u32,
    ratio: f64,
    pending: u32,
    claimed: u32,
    running: u32,
    requested: u32,
    stopping: u32,
}

impl Case {
    fn missing(&self) -> f64 {
        let mut view = pool(self.min, self.max);
        view.config.scaling_ratio = Ratio::new(self.ratio);
        pending(&mut view, self.pending, self.claimed);
        view.workers = vec![
            workers("lc-0", WorkerState::Running, self.running),
            workers("lc-0", WorkerState::Requested, self.requested),
            workers("lc-0", WorkerState::Stopping, self.stopping),
        ];
        let limits = Limits { estimate: EstimateMethod::Taskcluster, forecast: Ratio::ONE, ..unlimited() };
        decide(&view, &limits, noon(), 1).missing
    }

    fn published(&self) -> f64 {
        let existing = f64::from(self.running) + f64::from(self.requested);
        let idle = f64::max(0.0, existing - f64::from(self.claimed));
        let adjusted = f64::max(0.0, f64::from(self.pending) - idle);
        let total = existing + f64::from(self.stopping);
        let desired = f64::max(self.min.into(), f64::min(adjusted * self.ratio + total, self.max.into()));
        f64::max(0.0, f64::max(0.0, desired - total) - f64::from(self.requested))
    }
}

#[test]
fn the_table_holds() {
    let table = [
        // min max ratio pending claimed running requested stopping → missing
        (0, 10, 1.0, 0, 0, 0, 0, 0, 0.0),
        (2, 10, 1.0, 0, 0, 0, 0, 0, 2.0),
        (0, 10, 1.0, 50, 0, 0, 0, 0, 10.0),
        (0, 100, 0.5, 50, 0, 0, 0, 0, 25.0),
        (0, 100, 1.0, 50, 10, 20, 0, 0, 40.0),
        (0, 100, 1.0, 50, 0, 0, 20, 0, 10.0),
        (0, 120, 1.0, 31, 88, 90, 14, 3, 0.0),
        (0, 10, 1.0, 50, 0, 0, 0, 9, 1.0),
        (7, 3, 1.0, 0, 0, 2, 0, 0, 5.0),
        (0, 100, 0.3, 7, 0, 0, 0, 0, 2.1),
    ];
    for (min, max, ratio, pending, claimed, running, requested, stopping, missing) in table {
        let case = Case { min, max, ratio, pending, claimed, running, requested, stopping };
        assert_eq!((case.missing(), case.published()), (missing, missing), "pending {pending}, running {running}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_formula_holds_to_the_last_digit(
        (min, max, ratio) in (0..50u32, 0..500u32, 0.0..=1.0f64),
        (pending, claimed) in (0..1000u32, 0..300u32),
        (running, requested, stopping) in (0..300u32, 0..100u32, 0..100u32),
    ) {
        let case = Case { min, max, ratio, pending, claimed, running, requested, stopping };
        prop_assert_eq!(case.missing().to_bits(), case.published().to_bits());
    }
}
