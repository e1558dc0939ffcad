//! What a simulation found.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

/// All pools together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub tasks: usize,
    /// Of pools that are not in the configuration.
    pub left_out: usize,
    /// Tasks that nothing was launched for.
    pub never_run: usize,
    pub machines: usize,
    pub machine_hours: f64,
    /// The most that were launched in one minute.
    pub most_boots_in_a_minute: usize,
    pub decisions: usize,
    #[serde(skip)]
    waits: Vec<f64>,
    #[serde(skip)]
    boots: BTreeMap<i64, usize>,
}

/// One pool.
#[derive(Debug, Default)]
pub(super) struct PoolReport {
    pub(super) waits: Vec<f64>,
    /// Tasks that have not begun; at the end, those that never did.
    pub(super) pending: VecDeque<usize>,
    /// When each machine was launched, in milliseconds.
    pub(super) boots: Vec<i64>,
    pub(super) machine_millis: i64,
    pub(super) decisions: usize,
}

impl Report {
    pub(super) fn add(&mut self, pool: PoolReport) {
        self.tasks += pool.waits.len() + pool.pending.len();
        self.never_run += pool.pending.len();
        self.machines += pool.boots.len();
        #[expect(clippy::cast_precision_loss, reason = "hours have a few digits")]
        let hours = pool.machine_millis as f64 / 3_600_000.0;
        self.machine_hours += hours;
        self.decisions += pool.decisions;
        for boot in pool.boots {
            *self.boots.entry(boot / 60_000).or_default() += 1;
        }
        self.most_boots_in_a_minute = self.boots.values().copied().max().unwrap_or_default();
        self.waits.extend(pool.waits);
    }

    pub(super) fn finished(mut self) -> Self {
        self.waits.sort_by(f64::total_cmp);
        self
    }

    /// Seconds that tasks waited, on average.
    pub fn mean_wait(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "no demand has 2^52 tasks")]
        let count = self.waits.len().max(1) as f64;
        self.waits.iter().sum::<f64>() / count
    }

    /// Seconds within which this share of the tasks began.
    pub fn wait(&self, share: f64) -> f64 {
        // The cast saturates, and rounds down.
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let at = (self.waits.len() as f64 * share) as usize;
        self.waits.get(at.min(self.waits.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}
