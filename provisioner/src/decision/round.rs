//! What one decision may still launch, while launch configs are chosen.

use std::collections::BTreeMap;

use super::{candidates::Candidate, settings::Tokens};

/// `70 · 0.1` is a little more than 7 and must not become 8 machines.
const ROUNDING: f64 = 1e-9;

pub(super) struct Round<'a> {
    pub(super) candidates: Vec<Candidate<'a>>,
    /// Machines chosen, by candidate.
    pub(super) chosen: Vec<u32>,
    /// Capacity still missing; negative by the rounding of the last machine.
    pub(super) missing: f64,
    /// Machines that the buckets of this pool and of all pools still allow.
    machines: u32,
    regions: BTreeMap<(&'a str, &'a str), u32>,
}

impl<'a> Round<'a> {
    pub(super) fn new(candidates: Vec<Candidate<'a>>, missing: f64, tokens: &'a Tokens) -> Self {
        let regions = tokens.regions.iter().map(|((provider, region), left)| ((&**provider, &**region), *left));
        Self {
            chosen: vec![0; candidates.len()],
            candidates,
            missing,
            machines: tokens.pool.min(tokens.all),
            regions: regions.collect(),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.missing <= ROUNDING || self.machines == 0
    }

    /// Capacity that was not chosen.
    pub(super) fn unmet(&self) -> f64 {
        if self.missing <= ROUNDING { 0.0 } else { self.missing }
    }

    /// Machines of this candidate that limits still allow.
    pub(super) fn available(&self, at: usize) -> u32 {
        let candidate = &self.candidates[at];
        let own = candidate.instances - self.chosen[at];
        own.min(self.machines).min(self.region_tokens(candidate))
    }

    fn region_tokens(&self, candidate: &Candidate<'_>) -> u32 {
        let offering = &candidate.config.offering;
        self.regions.get(&(&*offering.provider, &*offering.region)).copied().unwrap_or(u32::MAX)
    }

    /// Machines of this candidate that have this capacity, rounded up.
    pub(super) fn machines_for(&self, at: usize, capacity: f64) -> u32 {
        whole((capacity - ROUNDING) / f64::from(self.candidates[at].capacity))
    }

    /// Takes so many machines, at most what is available.
    pub(super) fn take(&mut self, at: usize, machines: u32) {
        let machines = machines.min(self.available(at));
        let candidate = &self.candidates[at];
        let offering = &candidate.config.offering;
        if let Some(left) = self.regions.get_mut(&(&*offering.provider, &*offering.region)) {
            *left -= machines;
        }
        self.machines -= machines;
        self.chosen[at] += machines;
        self.missing -= f64::from(machines) * f64::from(candidate.capacity);
    }

    pub(super) fn machines_left(&self) -> u32 {
        self.machines
    }

    /// Regions whose empty bucket keeps a candidate from being launched.
    pub(super) fn regions_without_tokens(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let empty = |region: &(&str, &str)| {
            self.candidates.iter().zip(&self.chosen).any(|(candidate, chosen)| {
                let offering = &candidate.config.offering;
                (&*offering.provider, &*offering.region) == *region && candidate.instances > *chosen
            })
        };
        self.regions.iter().filter(|(_, left)| **left == 0).map(|(region, _)| *region).filter(move |it| empty(it))
    }
}

/// Rounded up, and within the range of machine counts.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both are wanted: the cast saturates")]
fn whole(value: f64) -> u32 {
    value.ceil() as u32
}
