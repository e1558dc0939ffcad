//! Metrics of the provisioner.

use std::time::Duration;

use base::telemetry::{Counter, Gauge, Histogram, Label};
use chrono::TimeDelta;
use db::provisioner::ProvisionTotal;

use crate::{decision::Limit, provider::ProviderError};

const SCOPE: &str = "provisioner";

#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    decisions: Counter,
    limits: Counter,
    demand: Gauge,
    supply: Gauge,
    breakers: Gauge,
    tokens: Gauge,
    demand_to_call: Histogram,
    boot: Histogram,
    launches: Counter,
    instances: Counter,
    calls: Histogram,
    decision_to_answer: Histogram,
    boots: Counter,
    orphans: Counter,
    notices: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let counter = |name, unit, about| Counter::new(SCOPE, name, unit, about);
        let histogram = |name, about| Histogram::new(SCOPE, name, "s", about);
        let gauge = |name, unit, about| Gauge::new(SCOPE, name, unit, about);
        Self {
            limits: counter(
                "drover.provisioner.limits",
                "{decision}",
                "Decisions that launched less than was missing, by what limited them.",
            ),
            demand: gauge("drover.provisioner.demand", "{task}", "Tasks of worker pools, by state."),
            supply: gauge("drover.provisioner.supply", "{task}", "Capacity of worker pools, by state."),
            breakers: gauge("drover.provisioner.open_breakers", "{breaker}", "Open circuit breakers, by scope."),
            tokens: gauge(
                "drover.provisioner.tokens",
                "{machine}",
                "Machines that a rate limit allowed when it was last used.",
            ),
            demand_to_call: histogram(
                "drover.provisioner.demand_to_call.duration",
                "From the oldest waiting task of a decision to the call that it led to.",
            ),
            boot: histogram("drover.provisioner.boot.duration", "From the answer of a provider to the registration."),
            decisions: counter("drover.provisioner.decisions", "{decision}", "Decisions about worker pools."),
            launches: counter("drover.provisioner.launches", "{launch}", "Launches, by what became of them."),
            instances: counter("drover.provisioner.instances", "{machine}", "Machines launched."),
            calls: histogram("drover.provisioner.call.duration", "Calls to providers."),
            decision_to_answer: histogram(
                "drover.provisioner.decision_to_answer.duration",
                "From a decision to the provider's answer.",
            ),
            boots: counter("drover.provisioner.boots", "{machine}", "Machines that registered, or ended without."),
            orphans: counter("drover.provisioner.orphans", "{machine}", "Machines that nobody knew, and were ended."),
            notices: counter("drover.provisioner.notices", "{machine}", "Machines that providers gave notice of."),
        }
    }

    pub(crate) fn record_decisions(&self, count: usize, launched: usize) {
        self.decisions.add(count.saturating_sub(launched), &[Label::new("launched", "no")]);
        self.decisions.add(launched, &[Label::new("launched", "yes")]);
    }

    pub(crate) fn record_limits(&self, limits: &[Limit]) {
        for limit in limits {
            let word = match limit {
                Limit::PoolPaused => "paused",
                Limit::MaxCapacity => "max-capacity",
                Limit::PoolBootRate => "pool-boot-rate",
                Limit::BootRate => "boot-rate",
                Limit::RegionTokens { .. } => "region",
                Limit::CallSize => "call-size",
                Limit::LaunchConfigs => "launch-configs",
            };
            self.limits.add(1, &[Label::new("limit", word)]);
        }
    }

    pub(crate) fn record_total(&self, total: &ProvisionTotal) {
        let (gauge, name) = match total.what.as_str() {
            "demand" => (&self.demand, "state"),
            "supply" => (&self.supply, "state"),
            "breakers" => (&self.breakers, "scope"),
            _ => (&self.tokens, "bucket"),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
        let value = total.value as u64;
        gauge.record(value, &[Label::new(name, total.label.clone())]);
    }

    pub(crate) fn record_demand_to_call(&self, provider: &str, waited: TimeDelta) {
        self.demand_to_call.record(waited.as_seconds_f64().max(0.0), &[Label::new("provider", provider.to_owned())]);
    }

    pub(crate) fn record_boot(&self, provider: &str, seconds: f64) {
        self.boot.record(seconds.max(0.0), &[Label::new("provider", provider.to_owned())]);
    }

    pub(crate) fn record_launch(&self, provider: &str, outcome: &'static str, instances: u32, took: TimeDelta) {
        let labels = [Label::new("provider", provider.to_owned()), Label::new("outcome", outcome)];
        self.launches.add(1, &labels);
        if outcome == "settled" {
            self.instances.add(usize::try_from(instances).unwrap_or_default(), &labels[..1]);
        }
        self.decision_to_answer.record(took.as_seconds_f64().max(0.0), &labels);
    }

    pub(crate) fn record_call(
        &self,
        provider: &str,
        call: &'static str,
        took: Duration,
        error: Option<&ProviderError>,
    ) {
        let outcome = match error {
            None => "ok",
            Some(ProviderError::Refused { class, .. }) => class.as_str(),
            Some(ProviderError::Unanswered { .. }) => "unanswered",
        };
        let labels =
            [Label::new("provider", provider.to_owned()), Label::new("call", call), Label::new("outcome", outcome)];
        self.calls.record(took.as_secs_f64(), &labels);
    }

    pub(crate) fn record_boots(&self, provider: &str, booted: usize, failed: usize) {
        for (count, outcome) in [(booted, "registered"), (failed, "failed")] {
            if count > 0 {
                self.boots.add(count, &[Label::new("provider", provider.to_owned()), Label::new("outcome", outcome)]);
            }
        }
    }

    pub(crate) fn record_orphans(&self, provider: &str, count: usize) {
        self.orphans.add(count, &[Label::new("provider", provider.to_owned())]);
    }

    pub(crate) fn record_notices(&self, provider: &str, machines: usize, interrupted: usize) {
        for (count, kind) in [(machines.saturating_sub(interrupted), "state-changed"), (interrupted, "interruption")] {
            if count > 0 {
                self.notices.add(count, &[Label::new("provider", provider.to_owned()), Label::new("kind", kind)]);
            }
        }
    }
}
