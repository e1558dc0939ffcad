//! One worker pool, from its first task to its last.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{RecordedTask, SimulatedPool, Simulation, report::PoolReport};
use crate::decision::{
    Decision, Demand, LearnedDurations, PoolView, WorkerGroup, WorkerState, decide, target_capacity,
};

/// Decisions that demand causes are this far apart.
const COALESCE: i64 = 1_000;
/// Tasks that wait for so long without any event never run.
const GIVE_UP: i64 = 24 * 3_600_000;

/// What happens at a time, in milliseconds from the first task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Boots(usize),
    Ends(usize),
    Arrives(usize),
    IsIdle(usize),
    Decide,
}

struct Machine {
    launch_config: usize,
    capacity: u32,
    launched: i64,
    busy: u32,
    is_up: bool,
    idle_since: i64,
    stopped: Option<i64>,
}

struct Run<'r> {
    simulation: &'r Simulation,
    tasks: &'r [&'r RecordedTask],
    start: DateTime<Utc>,
    view: PoolView,
    machines: Vec<Machine>,
    /// Indices of machines with room, the newest last.
    waiting: VecDeque<usize>,
    events: BinaryHeap<Reverse<(i64, Event)>>,
    next_decision: i64,
    open: usize,
    /// When something last happened besides decisions.
    progress: i64,
    report: PoolReport,
}

/// `tasks`: in order.
pub(super) fn run(simulation: &Simulation, pool: &SimulatedPool, tasks: &[&RecordedTask]) -> PoolReport {
    let Some(first) = tasks.first() else { return PoolReport::default() };
    let mut run = Run::new(simulation, pool, tasks, first.pending);
    while let Some(Reverse((at, event))) = run.events.pop() {
        run.handle(at, event);
        if run.open == 0 || at - run.progress > GIVE_UP {
            break;
        }
    }
    run.finish()
}

impl<'r> Run<'r> {
    fn new(
        simulation: &'r Simulation,
        pool: &SimulatedPool,
        tasks: &'r [&'r RecordedTask],
        start: DateTime<Utc>,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "no pool has 2^52 tasks")]
        let mean_task = tasks.iter().map(|task| task.seconds).sum::<f64>() / tasks.len() as f64;
        let view = PoolView {
            launch_configs: pool.launch_configs.clone(),
            learned: LearnedDurations { boot_p50: simulation.boot.as_seconds_f64(), mean_task },
            ..PoolView::empty(pool.config)
        };
        let arrives = |(at, task): (usize, &&RecordedTask)| {
            Reverse(((task.pending - start).num_milliseconds(), Event::Arrives(at)))
        };
        let mut events: BinaryHeap<_> = tasks.iter().enumerate().map(arrives).collect();
        events.push(Reverse((0, Event::Decide)));
        let (machines, waiting, report) = Default::default();
        Self {
            simulation,
            tasks,
            start,
            view,
            machines,
            waiting,
            events,
            next_decision: 0,
            open: tasks.len(),
            progress: 0,
            report,
        }
    }

    fn handle(&mut self, at: i64, event: Event) {
        if !matches!(event, Event::Decide | Event::IsIdle(_)) {
            self.progress = at;
        }
        match event {
            Event::Arrives(task) => {
                self.report.pending.push_back(task);
                if self.simulation.decide_on_demand {
                    self.decide_by(at + COALESCE);
                }
            }
            Event::Boots(machine) => {
                (self.machines[machine].is_up, self.machines[machine].idle_since) = (true, at);
                self.waiting.push_back(machine);
                self.look_when_idle(machine, at);
            }
            Event::Ends(machine) => self.ended(machine, at),
            Event::IsIdle(machine) => self.stop_if_idle(machine, at),
            Event::Decide if at == self.next_decision => self.decide(at),
            Event::Decide => {}
        }
        self.claim(at);
    }

    fn ended(&mut self, machine: usize, at: i64) {
        self.open -= 1;
        let it = &mut self.machines[machine];
        if it.busy == it.capacity {
            self.waiting.push_back(machine);
        }
        it.busy -= 1;
        if it.busy == 0 {
            it.idle_since = at;
            self.look_when_idle(machine, at);
        }
    }

    fn look_when_idle(&mut self, machine: usize, at: i64) {
        self.events.push(Reverse((at + self.simulation.idle.num_milliseconds(), Event::IsIdle(machine))));
    }

    fn stop_if_idle(&mut self, machine: usize, at: i64) {
        let it = &self.machines[machine];
        let is_idle = it.busy == 0 && at - it.idle_since >= self.simulation.idle.num_milliseconds();
        if it.stopped.is_some() || !is_idle {
            return;
        }
        self.count();
        let running: u32 =
            self.machines.iter().filter(|it| it.is_up && it.stopped.is_none()).map(|it| it.capacity).sum();
        if f64::from(running - self.machines[machine].capacity) >= target_capacity(&self.view) {
            self.machines[machine].stopped = Some(at);
            self.waiting.retain(|waiting| *waiting != machine);
        } else {
            self.look_when_idle(machine, at);
        }
    }

    /// Waiting tasks go to machines with room, in order.
    fn claim(&mut self, at: i64) {
        while let (Some(task), Some(machine)) = (self.report.pending.front().copied(), self.waiting.front().copied()) {
            self.report.pending.pop_front();
            let task = self.tasks[task];
            let waited = self.start + TimeDelta::milliseconds(at) - task.pending;
            self.report.waits.push(waited.as_seconds_f64());
            let it = &mut self.machines[machine];
            it.busy += 1;
            if it.busy == it.capacity {
                self.waiting.pop_front();
            }
            #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
            let runs = (task.seconds.max(0.0) * 1000.0) as i64;
            self.events.push(Reverse((at.saturating_add(runs), Event::Ends(machine))));
        }
    }

    fn decide_by(&mut self, at: i64) {
        if at < self.next_decision {
            self.next_decision = at;
            self.events.push(Reverse((at, Event::Decide)));
        }
    }

    fn decide(&mut self, at: i64) {
        self.count();
        let now = self.start + TimeDelta::milliseconds(at);
        let seed = self.simulation.seed.wrapping_add(at.unsigned_abs());
        let decision: Decision = decide(&self.view, &self.simulation.limits, now, seed);
        self.report.decisions += 1;
        for launch in &decision.launches {
            let config = self.view.launch_configs.iter().position(|config| config.id == launch.launch_config);
            for _ in 0..launch.instances {
                self.launch(config.unwrap_or_default(), at);
            }
        }
        self.next_decision = at + self.simulation.interval.num_milliseconds().max(COALESCE);
        self.events.push(Reverse((self.next_decision, Event::Decide)));
    }

    fn launch(&mut self, launch_config: usize, at: i64) {
        let capacity = self.view.launch_configs[launch_config].capacity_per_instance.max(1);
        self.events.push(Reverse((at + self.simulation.boot.num_milliseconds(), Event::Boots(self.machines.len()))));
        self.report.boots.push(at);
        let (busy, is_up, idle_since, stopped) = (0, false, at, None);
        self.machines.push(Machine { launch_config, capacity, launched: at, busy, is_up, idle_since, stopped });
    }

    /// The view of now.
    fn count(&mut self) {
        let configs = self.view.launch_configs.len();
        let mut counts = vec![[(0_u32, 0_u32); 2]; configs];
        let mut claimed = 0;
        for machine in self.machines.iter().filter(|machine| machine.stopped.is_none()) {
            let (workers, capacity) = &mut counts[machine.launch_config][usize::from(machine.is_up)];
            (*workers, *capacity) = (*workers + 1, *capacity + machine.capacity);
            claimed += machine.busy;
        }
        let group = |config: usize, is_up: bool| WorkerGroup {
            launch_config: Some(self.view.launch_configs[config].id.clone()),
            state: if is_up { WorkerState::Running } else { WorkerState::Requested },
            is_quarantined: false,
            workers: counts[config][usize::from(is_up)].0,
            capacity: counts[config][usize::from(is_up)].1,
        };
        let groups = (0..configs).flat_map(|config| [group(config, false), group(config, true)]);
        let workers: Vec<WorkerGroup> = groups.filter(|group| group.workers > 0).collect();
        let pending = u32::try_from(self.report.pending.len()).unwrap_or(u32::MAX);
        let oldest_pending = self.report.pending.front().map(|task| self.tasks[*task].pending);
        self.view.workers = workers;
        self.view.demand = Demand { pending, claimed, claimed_elsewhere: 0, oldest_pending };
    }

    fn finish(mut self) -> PoolReport {
        let end = self.events.pop().map_or(0, |Reverse((at, _))| at);
        let lived = self.machines.iter().map(|it| it.stopped.unwrap_or(end.max(it.launched)) - it.launched);
        self.report.machine_millis = lived.sum();
        self.report
    }
}
