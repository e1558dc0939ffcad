//! A pool with tasks, machines and a cloud whose answers are late, lost or come twice. Drawn from one seed.

mod cloud;

use super::{random::Draws, *};
use cloud::Call;

pub(super) const STEP: i64 = 10;
const IDLE_STOP: i64 = 60;
const REGISTRATION_TIMEOUT: i64 = 600;

/// One machine, from its worker row on.
struct Machine {
    launch_config: usize,
    created: i64,
    boots_at: i64,
    /// When its tasks finish.
    tasks: Vec<i64>,
    idle_since: i64,
    /// When the cloud has stopped it.
    gone_at: Option<i64>,
    is_quarantined: bool,
}

impl Machine {
    /// Whether it runs and is supply.
    fn takes_tasks(&self, now: i64) -> bool {
        self.gone_at.is_none() && self.boots_at <= now && !self.is_quarantined
    }
}

pub(super) struct Simulator {
    pub(super) view: PoolView,
    pub(super) limits: Limits,
    pub(super) now: i64,
    pub(super) draws: Draws,
    /// Share of calls and machines that go wrong.
    pub(super) faults: f64,
    machines: Vec<Machine>,
    calls: Vec<Call>,
    /// Machines that each launch became.
    became: Vec<u32>,
    /// Capacity that stopped counting since the last decision.
    pub(super) losses: u32,
}

impl Simulator {
    pub(super) fn new(view: PoolView, faults: f64, seed: u64) -> Self {
        let (machines, calls, became) = Default::default();
        let draws = Draws::seeded(seed);
        Self { view, limits: unlimited(), now: 0, draws, faults, machines, calls, became, losses: 0 }
    }

    pub(super) fn time(&self) -> DateTime<Utc> {
        noon() + seconds(self.now)
    }

    /// A number in the range.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + (self.draws.fraction() * f64::from(high - low)) as u32
    }

    fn seconds_between(&mut self, low: u32, high: u32) -> i64 {
        self.between(low, high).into()
    }

    fn happens(&mut self, share: f64) -> bool {
        self.draws.fraction() < share
    }

    pub(super) fn arrive(&mut self, tasks: u32) {
        self.view.demand.pending += tasks;
    }

    /// Lets time pass, and then decides and commits.
    pub(super) fn step(&mut self) -> Decision {
        self.now += STEP;
        self.receive_answers();
        self.give_up();
        self.run_machines();
        self.quarantine();
        self.stop_idle_machines();
        self.view.demand.claimed_elsewhere = self.claimed_elsewhere();
        self.view.workers = self.groups();
        let seed = u64::from(self.between(0, u32::MAX));
        let decision = decide(&self.view, &self.limits, self.time(), seed);
        let before = self.view.ledger.len();
        commit(&mut self.view, &decision, noon() + seconds(self.now));
        (before..self.view.ledger.len()).for_each(|launch| self.call(launch));
        decision
    }

    /// Quarantines a running machine now and then; it finishes its tasks.
    fn quarantine(&mut self) {
        let share = self.faults / 20.0;
        if self.machines.is_empty() || !self.happens(share) {
            return;
        }
        let at = self.between(0, self.machines.len() as u32) as usize;
        let lost = self.capacity(&self.machines[at]);
        let machine = &mut self.machines[at];
        if machine.gone_at.is_none() && machine.boots_at <= self.now && !machine.is_quarantined {
            machine.is_quarantined = true;
            self.losses += lost;
        }
    }

    /// Tasks that quarantined machines hold.
    fn claimed_elsewhere(&self) -> u32 {
        self.machines.iter().filter(|it| it.is_quarantined).map(|it| it.tasks.len() as u32).sum()
    }

    fn capacity(&self, machine: &Machine) -> u32 {
        self.view.launch_configs[machine.launch_config].capacity_per_instance
    }

    /// Ends and claims tasks, and stops machines that never registered.
    fn run_machines(&mut self) {
        let mut machines = std::mem::take(&mut self.machines);
        machines.retain(|machine| machine.gone_at.is_none_or(|at| at > self.now));
        for machine in machines.iter_mut().filter(|machine| machine.gone_at.is_none()) {
            let capacity = self.capacity(machine);
            if machine.boots_at > self.now {
                if machine.created + REGISTRATION_TIMEOUT <= self.now {
                    machine.gone_at = Some(self.now + 30);
                    self.losses += capacity;
                }
                continue;
            }
            let finished = machine.tasks.extract_if(.., |at| *at <= self.now).count() as u32;
            self.view.demand.claimed -= finished;
            while !machine.is_quarantined && self.view.demand.pending > 0 && (machine.tasks.len() as u32) < capacity {
                machine.tasks.push(self.now + self.seconds_between(60, 900));
                self.view.demand.pending -= 1;
                self.view.demand.claimed += 1;
            }
            if !machine.tasks.is_empty() {
                machine.idle_since = self.now;
            }
        }
        self.machines = machines;
    }

    /// Workers ask when they are idle.
    fn stop_idle_machines(&mut self) {
        let running = self.machines.iter().enumerate().filter(|(_, it)| it.takes_tasks(self.now));
        let worker = |(at, machine): (usize, &Machine)| RunningWorker {
            id: at.to_string(),
            launch_config: Some(self.view.launch_configs[machine.launch_config].id.clone()),
            capacity: self.capacity(machine),
            created: noon() + seconds(machine.created),
        };
        let workers: Vec<RunningWorker> = running.map(worker).collect();
        for advice in advise(&self.view, &workers, &self.limits, self.time()).iter().filter(|it| it.terminate()) {
            let at: usize = advice.worker.parse().unwrap();
            if self.machines[at].tasks.is_empty() && self.machines[at].idle_since + IDLE_STOP <= self.now {
                self.machines[at].gone_at = Some(self.now + 30);
                self.losses += self.capacity(&self.machines[at]);
            }
        }
    }

    fn groups(&self) -> Vec<WorkerGroup> {
        let group = |machine: &Machine| {
            let state = match machine.gone_at {
                Some(_) => WorkerState::Stopping,
                None if machine.boots_at > self.now => WorkerState::Requested,
                None => WorkerState::Running,
            };
            let id = &self.view.launch_configs[machine.launch_config].id;
            let is_quarantined = machine.is_quarantined;
            WorkerGroup { is_quarantined, capacity: self.capacity(machine), ..workers(id, state, 1) }
        };
        self.machines.iter().map(group).collect()
    }

    /// Capacity of machines that are not stopped, of those that take tasks or will, and of launches that may still become some.
    pub(super) fn counted(&self) -> (u32, u32, u32) {
        let sum = |stopping: bool| {
            let counts = |it: &&Machine| !it.is_quarantined && (stopping || it.gone_at.is_none());
            let machines = self.machines.iter().filter(counts);
            machines.map(|it| self.capacity(it)).sum::<u32>()
        };
        let open = self.view.ledger.iter().filter(|it| !matches!(it.state, LedgerState::Settled | LedgerState::Failed));
        (sum(true), sum(false), open.map(|it| it.capacity).sum())
    }

    /// No launch became more machines than it asked for.
    pub(super) fn is_at_most_once(&self) -> bool {
        self.view.ledger.iter().zip(&self.became).all(|(entry, became)| *became == 0 || *became == entry.instances)
    }
}
