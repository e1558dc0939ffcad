//! Circuit breakers: after failures of one class nothing is launched for a while, then a few machines, then all again.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What a cloud's error says about the next attempt. Drivers map codes to it; what they do not know is `Config`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureClass {
    /// The cloud has no such machine now.
    Capacity,
    Quota,
    /// Too many calls: the bucket's rate falls, no breaker opens.
    Throttle,
    Config,
    Auth,
    /// Launched and never registered, or registered and never claimed.
    Boot,
}

/// Machines that did not boot until the breaker opens, without a success in between.
const BOOT_FAILURES: u32 = 3;
/// Slow start ends with the success that would allow this many machines.
const FULL_SPEED: u32 = 64;

impl FailureClass {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Capacity => "capacity",
            Self::Quota => "quota",
            Self::Throttle => "throttle",
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Boot => "boot",
        }
    }

    /// The first and the longest time that a breaker is open; it doubles in between. For `Auth` it is the time after which a
    /// provider's setup is repeated; `Boot` waits as `Config` does, because both are broken images as a rule.
    fn back_off(self) -> Option<(TimeDelta, TimeDelta)> {
        match self {
            Self::Capacity => Some((TimeDelta::seconds(30), TimeDelta::minutes(15))),
            Self::Quota => Some((TimeDelta::minutes(5), TimeDelta::minutes(5))),
            Self::Throttle => None,
            Self::Config | Self::Boot => Some((TimeDelta::minutes(1), TimeDelta::hours(6))),
            Self::Auth => Some((TimeDelta::seconds(60), TimeDelta::seconds(60))),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    Closed,
    Open {
        until: DateTime<Utc>,
        class: FailureClass,
    },
    /// At most this many machines may boot at a time.
    SlowStart {
        allowance: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    state: BreakerState,
    /// How often it opened since it was closed.
    openings: u32,
    boot_failures: u32,
}

impl Breaker {
    pub const CLOSED: Self = Self { state: BreakerState::Closed, openings: 0, boot_failures: 0 };

    /// Of a launch config that never worked: at most `canary` machines until one has.
    pub fn unproven(canary: u32) -> Self {
        Self { state: BreakerState::SlowStart { allowance: canary.max(1) }, ..Self::CLOSED }
    }

    /// One that is open.
    pub fn opened(until: DateTime<Utc>, class: FailureClass) -> Self {
        Self { state: BreakerState::Open { until, class }, openings: 1, boot_failures: 0 }
    }

    /// Once its time is over an open breaker is half-open: one machine may try.
    pub fn state(&self, now: DateTime<Utc>) -> BreakerState {
        match self.state {
            BreakerState::Open { until, .. } if until <= now => BreakerState::SlowStart { allowance: 1 },
            state => state,
        }
    }

    /// A call failed, or a machine did not boot. Answers that come while it is open belong to calls made before and
    /// prolong nothing.
    pub fn failed(&mut self, class: FailureClass, now: DateTime<Utc>) {
        if matches!(self.state(now), BreakerState::Open { .. }) {
            return;
        }
        if class == FailureClass::Boot {
            self.boot_failures = self.boot_failures.saturating_add(1);
            if self.boot_failures < BOOT_FAILURES {
                return;
            }
        }
        if let Some((first, longest)) = class.back_off() {
            let doubled = first.checked_mul(1 << self.openings.min(20)).unwrap_or(longest).min(longest);
            let until = now.checked_add_signed(doubled).unwrap_or(DateTime::<Utc>::MAX_UTC);
            self.state = BreakerState::Open { until, class };
            self.openings = self.openings.saturating_add(1);
        }
    }

    /// A machine registered. A late success does not close an open breaker.
    pub fn succeeded(&mut self, now: DateTime<Utc>) {
        if let BreakerState::SlowStart { allowance } = self.state(now) {
            self.state = match allowance.saturating_mul(2) {
                FULL_SPEED.. => BreakerState::Closed,
                allowance => BreakerState::SlowStart { allowance },
            };
        }
        if self.state == BreakerState::Closed {
            self.openings = 0;
        }
        self.boot_failures = 0;
    }
}
