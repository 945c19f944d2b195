//! The breakers by their promises, under any order of events, under many threads, and through an hour of outage.
#![allow(clippy::unwrap_used)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Barrier;
use std::thread;

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn target(number: usize) -> Target {
    Target::parse(&format!("assistant:front-desk-{number}")).unwrap()
}

fn dials(health: &Health, number: usize, second: i64) -> bool {
    health.admit(|| Cow::Owned(target(number)), at(second)).is_ok()
}

fn report(health: &Health, number: usize, outcome: AiDial, second: i64) {
    health.report(&target(number), outcome, at(second));
}

fn whole(health: &Health, second: i64) -> State {
    health.snapshot(at(second)).whole
}

#[test]
fn the_third_failure_in_a_row_opens_a_target_and_no_other() {
    let health = Health::default();
    for outcome in [AiDial::Failed, AiDial::Failed, AiDial::Answered, AiDial::Failed, AiDial::Failed] {
        report(&health, 1, outcome, 0);
        assert!(dials(&health, 1, 0));
    }
    report(&health, 1, AiDial::Failed, 0);
    assert!(!dials(&health, 1, 0));
    assert!(dials(&health, 2, 0));
    let snapshot = health.snapshot(at(0));
    assert_eq!([State::Closed, State::Open, State::HalfOpen].map(|state| snapshot.count(state)), [1, 1, 0]);
}

#[test]
fn failures_far_apart_are_not_in_a_row() {
    let health = Health::default();
    for round in 0..9 {
        report(&health, 1, AiDial::Failed, round * 601);
        assert!(dials(&health, 1, round * 601));
    }
}

#[test]
fn a_caller_who_leaves_first_never_counts() {
    let health = Health::default();
    for second in 0..50 {
        report(&health, 1, AiDial::Unknown, second);
        assert!(dials(&health, 1, second));
    }
    report(&health, 1, AiDial::Failed, 50);
    report(&health, 1, AiDial::Failed, 50);
    report(&health, 1, AiDial::Unknown, 50);
    assert!(dials(&health, 1, 50));
}

#[test]
fn probes_go_one_at_a_time_and_wait_longer_each_time_up_to_a_minute() {
    let health = Health::default();
    (0..3).for_each(|_| report(&health, 1, AiDial::Failed, 0));
    let mut opened = 0;
    for interval in [5, 10, 20, 40, 60, 60] {
        assert!(!dials(&health, 1, opened + interval - 1));
        assert!(dials(&health, 1, opened + interval), "after {interval} s");
        assert!(!dials(&health, 1, opened + interval + 12), "one is under way");
        opened += interval + 12;
        report(&health, 1, AiDial::Failed, opened);
    }
    assert!(dials(&health, 1, opened + 60));
    report(&health, 1, AiDial::Answered, opened + 61);
    assert!((0..9).all(|_| dials(&health, 1, opened + 61)));
    (0..3).for_each(|_| report(&health, 1, AiDial::Failed, opened + 62));
    assert!(dials(&health, 1, opened + 67), "the next outage begins with five seconds again");
}

#[test]
fn a_probe_without_outcome_is_given_back_and_a_silent_one_is_lost_after_a_minute() {
    let health = Health::default();
    (0..3).for_each(|_| report(&health, 1, AiDial::Failed, 0));
    assert!(dials(&health, 1, 5));
    report(&health, 1, AiDial::Unknown, 7);
    assert!(dials(&health, 1, 7));
    assert!(!dials(&health, 1, 66));
    assert!(dials(&health, 1, 67));
    assert!(!dials(&health, 1, 67));
}

#[test]
fn failures_of_calls_dialled_before_it_opened_make_nothing_worse() {
    let health = Health::default();
    (0..40).for_each(|_| report(&health, 1, AiDial::Failed, 0));
    (0..40).for_each(|_| report(&health, 1, AiDial::Failed, 4));
    assert!(dials(&health, 1, 5));
}

#[test]
fn five_failures_of_two_targets_open_the_whole_and_any_success_closes_it() {
    let health = Health::default();
    for number in [1, 2, 1, 2] {
        report(&health, number, AiDial::Failed, 0);
    }
    assert_eq!(whole(&health, 0), State::Closed);
    report(&health, 3, AiDial::Failed, 1);
    assert!(!dials(&health, 9, 1), "one that never failed");
    assert!(dials(&health, 9, 6), "the probe");
    assert!(!dials(&health, 8, 6));
    report(&health, 9, AiDial::Answered, 7);
    assert!((1..9).all(|number| dials(&health, number, 7)));
}

#[test]
fn a_success_between_failures_keeps_the_whole_closed() {
    let health = Health::default();
    for number in 0..100 {
        report(&health, number, AiDial::Failed, 0);
        if number % 4 == 0 {
            report(&health, 999, AiDial::Answered, 0);
        }
        assert_eq!(whole(&health, 0), State::Closed);
    }
}

#[test]
fn one_broken_target_never_opens_the_whole() {
    let health = Health::default();
    for second in 0..3600 {
        if dials(&health, 1, second) {
            report(&health, 1, AiDial::Failed, second);
        }
        report(&health, 1, AiDial::Failed, second);
        assert_eq!(whole(&health, second), State::Closed);
    }
}

#[test]
fn a_target_broken_by_itself_does_not_keep_the_line_closed_for_the_others() {
    let health = Health::default();
    (0..3).for_each(|_| report(&health, 1, AiDial::Failed, 0));
    for (number, second) in [(2, 1000), (3, 1000), (4, 1001), (5, 1001), (6, 1001)] {
        report(&health, number, AiDial::Failed, second);
    }
    assert_eq!(whole(&health, 1001), State::Open);
    assert!(dials(&health, 1, 1006), "the broken one happens to take the probe");
    report(&health, 1, AiDial::Failed, 1007);
    assert!(dials(&health, 2, 1007), "which told nothing, so the next is at once");
    report(&health, 2, AiDial::Answered, 1008);
    assert_eq!(whole(&health, 1008), State::Closed);
    assert!(dials(&health, 3, 1008));
}

#[test]
fn when_the_whole_closes_every_open_target_may_try_at_once() {
    let health = Health::default();
    for number in [1, 1, 1, 2, 2, 2] {
        report(&health, number, AiDial::Failed, 0);
    }
    assert!(dials(&health, 3, 5));
    assert!(!dials(&health, 1, 5));
    report(&health, 3, AiDial::Answered, 5);
    assert!(dials(&health, 1, 5) && dials(&health, 2, 5));
    assert!(!dials(&health, 1, 5), "as a probe");
}

#[test]
fn a_clock_set_back_by_an_hour_closes_nothing_for_an_hour() {
    let health = Health::default();
    (0..3).for_each(|_| report(&health, 1, AiDial::Failed, 0));
    assert!(dials(&health, 1, -3600));
    assert!(!dials(&health, 1, -3601), "two threads' clocks may differ by a little");
}

#[test]
fn of_many_simultaneous_calls_exactly_one_is_the_probe() {
    for several in [false, true] {
        let health = Health::default();
        for number in if several { 0..6 } else { 0..1 } {
            (0..3).for_each(|_| report(&health, number, AiDial::Failed, 0));
        }
        let gate = Barrier::new(100);
        let admitted: usize = thread::scope(|scope| {
            let run = |number: usize| {
                let (gate, health) = (&gate, &health);
                scope.spawn(move || {
                    gate.wait();
                    usize::from(dials(health, if several { number } else { 0 }, 5))
                })
            };
            let threads: Vec<_> = (0..100).map(run).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, 1);
    }
}

#[test]
fn memory_stays_bounded_and_open_targets_are_kept() {
    let health = Health::default();
    (0..3).for_each(|_| report(&health, 0, AiDial::Failed, 0));
    for number in 1..3 * TARGETS_MAX {
        report(&health, number, AiDial::Answered, 1);
    }
    let snapshot = health.snapshot(at(1));
    assert!(snapshot.targets.len() <= TARGETS_MAX);
    assert!(snapshot.targets.iter().any(|(known, _)| *known == target(0)));
}

/// An hour without Vapi: a call every second to one of `targets`, each dial unanswered for twelve seconds. Answers how
/// many callers dialled before the first was refused, how many dialled after, and how long after the hour all is well.
fn hour_without_vapi(targets: usize) -> (usize, usize, i64) {
    let health = Health::default();
    let mut reports = BinaryHeap::new();
    let (mut before, mut after, mut refused) = (0, 0, false);
    let mut well_in_a_row = 0;
    for second in 0..7200 {
        while reports.peek().is_some_and(|Reverse((due, _, _))| *due <= second) {
            let Reverse((_, number, answered)) = reports.pop().unwrap();
            report(&health, number, if answered { AiDial::Answered } else { AiDial::Failed }, second);
        }
        let number = second as usize % targets;
        let vapi_is_back = second >= 3600;
        if dials(&health, number, second) {
            *(if refused { &mut after } else { &mut before }) += usize::from(!vapi_is_back);
            reports.push(Reverse((second + if vapi_is_back { 1 } else { 12 }, number, vapi_is_back)));
            well_in_a_row += 1;
        } else {
            refused = true;
            well_in_a_row = 0;
        }
        if vapi_is_back && well_in_a_row > 2 * targets.max(60) {
            return (before, after, second - 3600 - well_in_a_row as i64);
        }
    }
    panic!("it never got well");
}

#[test]
fn in_an_hour_without_vapi_only_the_first_callers_and_few_probes_wait_for_it() {
    for targets in [1, 2, 7, 50] {
        let (before, after, recovered) = hour_without_vapi(targets);
        // The first failure is known after twelve seconds; until the breaker opens a call dials each second.
        assert!(before <= 12 + 2 * WHOLE_FAILURES, "{targets} targets: {before} before");
        // A probe takes twelve seconds and the next waits up to a minute: about fifty an hour.
        assert!((40..=120).contains(&after), "{targets} targets: {after} after");
        assert!(recovered <= 61 + targets as i64, "{targets} targets: {recovered} s to recover");
    }
}

proptest! {
    #[test]
    fn whatever_is_reported_a_success_closes_and_nothing_stays_closed_for_longer_than_a_minute(
        events in prop::collection::vec((0usize..4, 0u8..4, 0i64..70), 1..200),
    ) {
        let health = Health::default();
        let mut second = 0;
        let mut failures = [0; 4];
        let mut failures_in_all = 0;
        for (number, event, wait) in events {
            second += wait;
            match event {
                0 => {
                    let admitted = dials(&health, number, second);
                    prop_assert!(admitted || failures[number] >= 3 || failures_in_all >= WHOLE_FAILURES);
                }
                1 => {
                    report(&health, number, AiDial::Answered, second);
                    failures[number] = 0;
                    failures_in_all = 0;
                    prop_assert!(dials(&health, number, second));
                    prop_assert_eq!(whole(&health, second), State::Closed);
                }
                2 => {
                    report(&health, number, AiDial::Failed, second);
                    failures[number] += 1;
                    failures_in_all += 1;
                }
                _ => report(&health, number, AiDial::Unknown, second),
            }
        }
        // Whatever probe is under way is lost after a minute, whatever interval runs is over.
        prop_assert!(dials(&health, 0, second + 60));
    }
}
