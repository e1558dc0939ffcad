//! The cloud and the launch ledger: what becomes of a call.

use super::{LedgerState, Machine, Simulator, noon, seconds};
use crate::decision::FailureClass;

/// A launcher's lease: an answer that takes longer makes the launch `Unknown`.
const LEASE: i64 = 60;

/// What a cloud makes of one call.
pub(super) struct Call {
    launch: usize,
    /// Each answer that arrives, and whether it is a success.
    answers: Vec<(i64, bool)>,
}

impl Simulator {
    pub(super) fn call(&mut self, launch: usize) {
        self.view.ledger[launch].state = LedgerState::Calling;
        self.became.push(0);
        let at = self.now + self.seconds_between(1, 20);
        let answers = if self.happens(self.faults) {
            match self.between(0, 7) {
                0 => vec![],
                1 => vec![(at, true), (at + 100, true)],
                2 => vec![(at, false), (at + 300, true)],
                3 => vec![(at, true), (at + 300, false)],
                // After its lease, and after it was given up.
                4 => vec![(at + 300, true)],
                5 => vec![(at + 2000, true)],
                _ => vec![(at, false)],
            }
        } else {
            vec![(at, true)]
        };
        self.calls.push(Call { launch, answers });
    }

    pub(super) fn receive_answers(&mut self) {
        let now = self.now;
        let mut due: Vec<(i64, usize, bool)> = Vec::new();
        for call in &mut self.calls {
            due.extend(
                call.answers.extract_if(.., |(at, _)| *at <= now).map(|(at, success)| (at, call.launch, success)),
            );
        }
        due.sort_unstable();
        for (_, launch, success) in due {
            self.settle(launch, success);
        }
    }

    /// The first answer counts; those after it, or after the launch was given up, change nothing.
    /// The sweeper terminates such machines.
    fn settle(&mut self, launch: usize, success: bool) {
        let entry = self.view.ledger[launch].clone();
        if matches!(entry.state, LedgerState::Settled | LedgerState::Failed) {
            return;
        }
        let time = self.time();
        let config = self.view.launch_configs.iter().position(|it| it.id == entry.launch_config).unwrap();
        if !success {
            self.view.launch_configs[config].breakers[0].failed(FailureClass::Capacity, time);
            return self.end(launch, LedgerState::Failed);
        }
        self.view.ledger[launch].state = LedgerState::Settled;
        for _ in 0..entry.instances {
            let boots = if self.happens(self.faults / 4.0) { i64::MAX / 2 } else { self.seconds_between(30, 200) };
            let boots_at = self.now + boots;
            let created = self.now;
            let machine = Machine {
                launch_config: config,
                created,
                boots_at,
                tasks: vec![],
                idle_since: boots_at,
                gone_at: None,
                is_quarantined: false,
            };
            self.machines.push(machine);
            self.became[launch] += 1;
        }
    }

    fn end(&mut self, launch: usize, state: LedgerState) {
        let entry = &mut self.view.ledger[launch];
        (entry.state, entry.since) = (state, noon() + seconds(self.now));
        if state == LedgerState::Failed {
            self.losses += entry.capacity;
        }
    }

    /// Expired leases, and launches without an answer for too long.
    pub(super) fn give_up(&mut self) {
        let now = self.time();
        for launch in 0..self.view.ledger.len() {
            let entry = &self.view.ledger[launch];
            if entry.state == LedgerState::Calling && entry.since + seconds(LEASE) <= now {
                self.end(launch, LedgerState::Unknown);
            } else if entry.given_up_at(self.limits.give_up_after).is_some_and(|at| at <= now) {
                self.end(launch, LedgerState::Failed);
            }
        }
    }
}
