//! Back-off, half-open breakers and the canary.

use super::*;

fn open_for(breaker: &Breaker, now: DateTime<Utc>) -> Option<i64> {
    match breaker.state(now) {
        BreakerState::Open { until, .. } => Some((until - now).num_seconds()),
        _ => None,
    }
}

/// Fails as soon as the breaker lets one through, so many times; how long it was open each time.
fn open_times(class: FailureClass, times: usize) -> Vec<i64> {
    let (mut breaker, mut now) = (Breaker::CLOSED, noon());
    let mut fail = || {
        while open_for(&breaker, now).is_none() {
            breaker.failed(class, now);
        }
        let open = open_for(&breaker, now).unwrap();
        now += seconds(open);
        open
    };
    (0..times).map(|_| fail()).collect()
}

#[test]
fn each_failure_class_has_its_back_off() {
    assert_eq!(open_times(FailureClass::Capacity, 7), [30, 60, 120, 240, 480, 900, 900]);
    assert_eq!(open_times(FailureClass::Quota, 3), [300, 300, 300]);
    assert_eq!(open_times(FailureClass::Config, 3), [60, 120, 240]);
    assert_eq!(open_times(FailureClass::Config, 40).last(), Some(&21_600));
    let mut throttled = Breaker::CLOSED;
    throttled.failed(FailureClass::Throttle, noon());
    assert_eq!(throttled, Breaker::CLOSED);
}

#[test]
fn three_machines_that_do_not_boot_open_a_breaker_and_a_success_between_them_does_not() {
    let mut breaker = Breaker::CLOSED;
    for _ in 0..2 {
        breaker.failed(FailureClass::Boot, noon());
    }
    breaker.succeeded(noon());
    for _ in 0..2 {
        breaker.failed(FailureClass::Boot, noon());
    }
    assert_eq!(open_for(&breaker, noon()), None);
    breaker.failed(FailureClass::Boot, noon());
    assert_eq!(open_for(&breaker, noon()), Some(60));
}

#[test]
fn late_answers_neither_prolong_nor_close_an_open_breaker() {
    let mut breaker = Breaker::CLOSED;
    breaker.failed(FailureClass::Capacity, noon());
    for _ in 0..50 {
        breaker.failed(FailureClass::Capacity, noon() + seconds(10));
        breaker.succeeded(noon() + seconds(10));
    }
    assert_eq!(open_for(&breaker, noon()), Some(30));
}

#[test]
fn a_half_open_breaker_lets_one_machine_through_and_doubles_with_each_success() {
    let mut breaker = Breaker::CLOSED;
    breaker.failed(FailureClass::Capacity, noon());
    let now = noon() + seconds(30);
    let mut allowances = Vec::new();
    while let BreakerState::SlowStart { allowance } = breaker.state(now) {
        allowances.push(allowance);
        breaker.succeeded(now);
    }
    assert_eq!(allowances, [1, 2, 4, 8, 16, 32]);
    assert_eq!(breaker, Breaker::CLOSED);
}

#[test]
fn an_image_that_never_worked_costs_at_most_the_canary() {
    let mut view = pool(0, 1000);
    pending(&mut view, 500, 0);
    view.launch_configs[0].breakers.push(Breaker::unproven(5));
    let decision = decide(&view, &unlimited(), noon(), 1);
    assert_eq!(launched(&decision), [("lc-0", 5)]);
    commit(&mut view, &decision, noon());
    let again = decide(&view, &unlimited(), noon() + seconds(10), 1);
    let reason = Exclusion::SlowStart { allowance: 5, booting: 5 };
    assert_eq!((launched(&again), again.excluded[0].reason), (vec![], reason));
    view.launch_configs[0].breakers[1].succeeded(noon());
    assert_eq!(launched(&decide(&view, &unlimited(), noon(), 1)), [("lc-0", 5)]);
}
