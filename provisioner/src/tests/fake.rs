//! A provider that answers, loses answers, refuses or hangs, as a test says. It honours launch ids as clouds do.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use base::{Clock, TestClock};
use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::sync::Notify;

use crate::{
    decision::FailureClass,
    provider::{
        Launch, LaunchId, Launched, Machine, MachineId, MachineState, Page, PageToken, Price, Provider, ProviderError,
        ProviderResult, PublicKeys, Seen, Terminated,
    },
};

#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// Carried out, and the answer is lost.
    Lost,
    /// Not carried out, and no answer.
    Nothing,
    Refused(FailureClass),
    HangsBefore,
    HangsAfter,
}

#[derive(Default)]
struct State {
    machines: BTreeMap<MachineId, FakeMachine>,
    /// The next calls; afterwards they are answered.
    answers: VecDeque<Answer>,
    calls: usize,
    is_stale: bool,
    keeps_ended: bool,
    lists_are_complete: bool,
    prices: Option<Vec<Price>>,
    price_calls: usize,
    keys: Option<PublicKeys>,
    handled: Vec<String>,
}

struct FakeMachine {
    launch: Option<LaunchId>,
    deployment: String,
    created: DateTime<Utc>,
    state: MachineState,
}

pub(super) struct Fake {
    state: Mutex<State>,
    clock: TestClock,
    /// A call hangs.
    pub(super) hangs: Notify,
}

impl Fake {
    pub(super) fn new(clock: TestClock) -> Self {
        Self { state: Mutex::default(), clock, hangs: Notify::new() }
    }

    pub(super) fn next(&self, answers: &[Answer]) {
        self.state().answers.extend(answers);
    }

    pub(super) fn forget_answers(&self) {
        self.state().answers.clear();
    }

    pub(super) fn calls(&self) -> usize {
        self.state().calls
    }

    pub(super) fn ids(&self) -> Vec<MachineId> {
        self.state().machines.keys().cloned().collect()
    }

    pub(super) fn sell(&self, prices: Vec<Price>) {
        self.state().prices = Some(prices);
    }

    pub(super) fn price_calls(&self) -> usize {
        self.state().price_calls
    }

    pub(super) fn publish(&self, keys: PublicKeys) {
        self.state().keys = Some(keys);
    }

    /// Receipts of notices.
    pub(super) fn handled(&self) -> Vec<String> {
        self.state().handled.clone()
    }

    pub(super) fn running(&self) -> usize {
        self.state().machines.values().filter(|machine| machine.state == MachineState::Running).count()
    }

    /// Lists no machine, as an eventually consistent cloud does.
    pub(super) fn stale(&self, is_stale: bool) {
        self.state().is_stale = is_stale;
    }

    /// Machines that ended are there until they are terminated.
    pub(super) fn keep_ended(&self) {
        self.state().keeps_ended = true;
    }

    pub(super) fn list_completely(&self) {
        self.state().lists_are_complete = true;
    }

    pub(super) fn end_all(&self) {
        self.state().machines.values_mut().for_each(|machine| machine.state = MachineState::Ended);
    }

    pub(super) fn add(&self, id: &str, launch: Option<LaunchId>, deployment: &str) {
        let deployment = deployment.to_owned();
        let machine = FakeMachine { launch, deployment, created: self.clock.now(), state: MachineState::Running };
        self.state().machines.insert(id.to_owned(), machine);
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, launch: LaunchId) -> Vec<Machine> {
        let state = self.state();
        let of = state.machines.iter().filter(|(_, machine)| machine.launch == Some(launch));
        of.map(|(id, _)| Machine { group: "r".to_owned(), id: id.clone(), data: json!({}) }).collect()
    }

    fn carry_out(&self, launch: &Launch) -> Launched {
        if self.of(launch.id).is_empty() {
            for number in 0..launch.instances {
                let id = format!("{}-{number}", launch.id.simple());
                self.add(&id, Some(launch.id), &launch.tags["drover-deployment"]);
            }
        }
        Launched { machines: self.of(launch.id) }
    }

    async fn hang<T>(&self) -> T {
        self.hangs.notify_one();
        std::future::pending().await
    }
}

#[async_trait]
impl Provider for Fake {
    async fn launch(&self, launch: &Launch) -> ProviderResult<Launched> {
        let answer = {
            let mut state = self.state();
            state.calls += 1;
            state.answers.pop_front()
        };
        match answer {
            None => Ok(self.carry_out(launch)),
            Some(Answer::Lost) => {
                self.carry_out(launch);
                Err(ProviderError::unanswered("the answer was lost"))
            }
            Some(Answer::Nothing) => Err(ProviderError::unanswered("the connection was refused")),
            Some(Answer::Refused(class)) => Err(ProviderError::refused(class, "Refused", "as the test says")),
            Some(Answer::HangsBefore) => self.hang().await,
            Some(Answer::HangsAfter) => {
                self.carry_out(launch);
                self.hang().await
            }
        }
    }

    async fn find_launch(&self, _: &str, launch: LaunchId) -> ProviderResult<Vec<Machine>> {
        Ok(if self.state().is_stale { Vec::new() } else { self.of(launch) })
    }

    async fn list(&self, _: &str, page: Option<&PageToken>) -> ProviderResult<Page<Seen>> {
        let state = self.state();
        let seen = |(id, machine): (&MachineId, &FakeMachine)| Seen {
            id: id.clone(),
            state: machine.state,
            created: machine.created,
            launch: machine.launch,
            deployment: Some(machine.deployment.clone()),
        };
        let mut items: Vec<Seen> = state.machines.iter().map(seen).collect();
        if state.is_stale {
            items.clear();
        }
        // Two pages, the first with half of them.
        let half = items.len() / 2;
        let next = page.is_none().then(|| "second".to_owned());
        let items = if page.is_none() { items.drain(..half).collect() } else { items.split_off(half) };
        Ok(Page { items, next })
    }

    async fn terminate(&self, _: &str, machines: &[MachineId]) -> ProviderResult<Vec<Terminated>> {
        let mut state = self.state();
        for id in machines {
            match state.machines.get_mut(id) {
                Some(machine) if machine.state == MachineState::Ended => drop(state.machines.remove(id)),
                Some(machine) => machine.state = MachineState::Ended,
                None => {}
            }
        }
        Ok(machines.iter().map(|_| Ok(())).collect())
    }

    fn keeps_ended(&self) -> bool {
        self.state().keeps_ended
    }

    fn lists_are_complete(&self) -> bool {
        self.state().lists_are_complete
    }

    async fn prices(&self, _: &str) -> ProviderResult<Option<Vec<Price>>> {
        let mut state = self.state();
        state.price_calls += 1;
        Ok(state.prices.clone())
    }

    async fn identity_keys(&self) -> ProviderResult<Option<PublicKeys>> {
        Ok(self.state().keys.clone())
    }

    async fn notices_handled(&self, receipts: &[String]) -> ProviderResult<()> {
        self.state().handled.extend_from_slice(receipts);
        Ok(())
    }
}
