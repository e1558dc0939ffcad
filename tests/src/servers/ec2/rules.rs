//! What the proxy does to requests.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::request::Ec2Request;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Market {
    Spot,
    OnDemand,
}

/// By default only what AWS always does: a `ClientToken` makes machines once.
#[derive(Debug, Default)]
pub struct Rules {
    /// How many of the next calls of an action are throttled.
    pub throttle: BTreeMap<String, u32>,
    /// How many of the next calls of an action are carried out, and their answers lost.
    pub lose_answer: BTreeMap<String, u32>,
    /// How many of the next calls of an action are never answered, nor carried out.
    pub hang: BTreeMap<String, u32>,
    /// What is sold out: region, instance type, market.
    pub sold_out: BTreeSet<(String, String, Market)>,
    /// Machines that nobody may end.
    pub protected: BTreeSet<String>,
    /// So many launches on a page of a list.
    pub page_size: Option<usize>,
    /// So long machines are `pending`.
    pub boot_time: Duration,
    /// So long lists do not show a new machine.
    pub list_delay: Duration,
    launched: BTreeMap<String, Instant>,
    /// All requests that arrived.
    pub(super) requests: Vec<Ec2Request>,
}

/// What happens to one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Forward,
    ForwardAndLoseAnswer,
    Hang,
    Refuse { status: u16, code: &'static str, message: String },
}

impl Rules {
    /// Lists come in pages of so many launches.
    pub fn of_pages(size: usize) -> Self {
        Self { page_size: Some(size), ..Self::default() }
    }

    pub(super) fn judge(&mut self, request: &Ec2Request) -> Verdict {
        self.requests.push(request.clone());
        let action = request.action();
        if take(&mut self.hang, action) {
            return Verdict::Hang;
        }
        if take(&mut self.throttle, action) {
            return Verdict::Refuse {
                status: 503,
                code: "RequestLimitExceeded",
                message: "Request limit exceeded.".to_owned(),
            };
        }
        if action == "RunInstances" {
            let instance_type = request.get("InstanceType").unwrap_or("m1.small").to_owned();
            let offering = (request.region.clone(), instance_type, request.market());
            if self.sold_out.contains(&offering) {
                let message = format!("We currently do not have sufficient {} capacity", offering.1);
                return Verdict::Refuse { status: 500, code: "InsufficientInstanceCapacity", message };
            }
        }
        let is_protected = |(_, id): &&(String, String)| self.protected.contains(id);
        if action == "TerminateInstances"
            && let Some((_, id)) = request.fields.iter().find(is_protected)
        {
            let message = format!("The instance '{id}' may not be terminated.");
            return Verdict::Refuse { status: 400, code: "OperationNotPermitted", message };
        }
        if take(&mut self.lose_answer, action) { Verdict::ForwardAndLoseAnswer } else { Verdict::Forward }
    }

    pub(super) fn launched(&mut self, machine: &str) {
        self.launched.insert(machine.to_owned(), Instant::now());
    }

    pub(super) fn is_booting(&self, machine: &str) -> bool {
        self.is_younger(machine, self.boot_time)
    }

    pub(super) fn is_listed(&self, machine: &str) -> bool {
        !self.is_younger(machine, self.list_delay)
    }

    fn is_younger(&self, machine: &str, than: Duration) -> bool {
        self.launched.get(machine).is_some_and(|at| at.elapsed() < than)
    }
}

fn take(counts: &mut BTreeMap<String, u32>, action: &str) -> bool {
    let Some(left) = counts.get_mut(action).filter(|left| **left > 0) else { return false };
    *left -= 1;
    true
}
