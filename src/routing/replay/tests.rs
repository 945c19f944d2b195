//! A replay is what would have been: held against a ledger that was there.

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use super::super::properties::rules;
use super::super::{NoTrace, verdicts};
use super::*;

/// What a call is before anybody decides.
#[derive(Clone, Copy, Debug)]
struct Coming {
    at: Timestamp,
    ended_at: Option<Timestamp>,
    already_overflowed: bool,
}

/// Calls of a few busy hours in March 2026, in the order in which they come in.
fn coming() -> impl Strategy<Value = Vec<Coming>> {
    let begin = (0..31i64, 0..240i64).prop_map(|(day, minute)| 1_772_323_200 + day * 86_400 + 12 * 3600 + minute * 60);
    let call = (begin, prop::option::weighted(0.9, 0..5_400i64), any::<bool>());
    prop::collection::vec(call, 0..60).prop_map(|calls| {
        let instant = |second| Timestamp::from_second(second).expect("in range");
        let mut coming: Vec<Coming> = calls
            .into_iter()
            .map(|(begin, length, already_overflowed)| Coming {
                at: instant(begin),
                ended_at: length.map(|length| instant(begin + length)),
                already_overflowed,
            })
            .collect();
        coming.sort_by_key(|call| call.at);
        coming
    })
}

/// The same as the ledger would have recorded them.
fn recorded(rules: &Rules, coming: &[Coming]) -> Vec<Past> {
    let mut past: Vec<Past> = Vec::new();
    for call in coming {
        let is_live = |one: &&Past| one.ended_at.is_none_or(|end| call.at < end);
        let others = past.iter().filter(is_live).filter(|one| !one.decision.available).count() as u32;
        past.push(Past {
            at: call.at,
            ended_at: call.ended_at,
            others,
            decision: verdicts(rules, call.already_overflowed, call.at).pick(others),
            already_overflowed: call.already_overflowed,
            has_ai: true,
            was_broken: None,
        });
    }
    past
}

fn replayed(rules: &Rules, past: &[Past]) -> Vec<Replayed> {
    let mut replay = Replay::new(rules);
    past.iter().map(|past| replay.next(past, &mut NoTrace)).collect()
}

/// Rules that no hand has been laid upon: what was decided by hand is not decided anew.
fn by_themselves() -> impl Strategy<Value = Rules> {
    rules().prop_map(|rules| Rules { forced: None, ..rules })
}

proptest! {
    #[test]
    fn with_the_same_rules_nothing_differs(rules in rules(), coming in coming()) {
        let past = recorded(&rules, &coming);
        for (then, now) in past.iter().zip(replayed(&rules, &past)) {
            prop_assert_eq!(now, Replayed { now: Some(then.decision), others: then.others });
        }
    }

    #[test]
    fn with_other_rules_it_is_as_if_they_had_been_there_all_along(
        one in by_themselves(),
        other in by_themselves(),
        coming in coming(),
    ) {
        let would_have_been = recorded(&other, &coming);
        let replayed = replayed(&other, &recorded(&one, &coming));
        for (would, now) in would_have_been.iter().zip(replayed) {
            prop_assert_eq!(now, Replayed { now: Some(would.decision), others: would.others });
        }
    }
}

fn past(minute: i64, decision: Decision) -> Past {
    Past {
        at: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute),
        ended_at: Some(Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute + 10)),
        others: 0,
        decision,
        already_overflowed: false,
        has_ai: true,
        was_broken: None,
    }
}

fn mode(mode: &str) -> Rules {
    Rules::compile_stored(&json!({ "mode": mode }), None, "").0
}

fn check(past: Past, rules: &Rules, expected: Option<Decision>) {
    assert_eq!(Replay::new(rules).next(&past, &mut NoTrace).now, expected, "{past:?}");
}

#[test]
fn what_came_before_the_rules_comes_before_these_too() {
    for decision in [
        Decision::ai(Reason::OverrideOn),
        Decision::fallback(Reason::OverrideOff),
        Decision::fallback(Reason::Loop),
        Decision::fallback(Reason::VoicemailNumber),
    ] {
        for rules in [mode("always"), mode("disabled")] {
            check(past(0, decision), &rules, Some(decision));
        }
    }
}

#[test]
fn an_ai_that_was_not_to_be_had_is_not_to_be_had_again() {
    let (always, disabled) = (mode("always"), mode("disabled"));
    for reason in [Reason::AiUnavailable, Reason::AiFull] {
        check(past(0, Decision::fallback(reason)), &always, Some(Decision::fallback(reason)));
        check(past(0, Decision::fallback(reason)), &disabled, Some(Decision::fallback(Reason::Disabled)));
    }
}

#[test]
fn nobody_knows_whether_a_line_that_is_left_would_have_been_had() {
    // The first call is the AI's no longer, and is live while the second comes in.
    let rules = Rules::compile_stored(&json!({"mode": "overflow-only", "highVolume": {"threshold": 1}}), None, "").0;
    let mut replay = Replay::new(&rules);
    let first = replay.next(&past(0, Decision::ai(Reason::AlwaysOn)), &mut NoTrace);
    assert_eq!(first.now, Some(Decision::fallback(Reason::UnderCapacity)));
    let second = replay.next(&past(1, Decision::fallback(Reason::AiFull)), &mut NoTrace);
    assert_eq!(second, Replayed { now: None, others: 1 });
}

#[test]
fn where_there_was_nothing_to_dial_there_is_nothing_to_dial() {
    let then = Decision::fallback(Reason::NotConfigured);
    let (always, disabled) = (mode("always"), mode("disabled"));
    for (was_broken, expected) in
        [(Some(false), Some(then)), (Some(true), Some(Decision::ai(Reason::AlwaysOn))), (None, None)]
    {
        check(Past { was_broken, ..past(0, then) }, &always, expected);
        check(Past { was_broken, ..past(0, then) }, &disabled, Some(Decision::fallback(Reason::Disabled)));
    }
    let staff = past(0, Decision::fallback(Reason::Disabled));
    check(Past { has_ai: false, ..staff }, &always, Some(then));
    check(
        Past { has_ai: false, ..past(0, Decision::ai(Reason::AlwaysOn)) },
        &always,
        Some(Decision::ai(Reason::AlwaysOn)),
    );
}

#[test]
fn a_call_that_has_ended_counts_no_longer_and_one_without_an_end_does() {
    let rules = mode("disabled");
    let to_ai = Decision::ai(Reason::AlwaysOn);
    let mut replay = Replay::new(&rules);
    let mut others = |past: Past| replay.next(&past, &mut NoTrace).others;
    assert_eq!(others(past(0, to_ai)), 0);
    assert_eq!(others(past(9, to_ai)), 1);
    assert_eq!(others(past(10, to_ai)), 1, "the first ended at this instant");
    assert_eq!(others(Past { ended_at: None, ..past(30, to_ai) }), 0);
    assert_eq!(others(past(10_000, to_ai)), 1);
}
