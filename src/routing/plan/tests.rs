//! Every walk of a call, and what rides in the URL.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::model::{Fallback, NoAnswer, Via};
use crate::routing::sample::{CALLER, OWN, STAFF, call, connect, forward, number, script, source, target, tenant_id};

const STATUSES: [&str; 8] = ["completed", "answered", "busy", "no-answer", "failed", "canceled", "", "gone-fishing"];

fn ai() -> Decision {
    Decision::ai(Reason::AlwaysOn)
}

fn closed() -> Decision {
    Decision::fallback(Reason::BusinessHours)
}

fn busy_signal(reject: bool) -> Fallback {
    Fallback { kind: FallbackKind::BusySignal, reject, ..Fallback::default() }
}

/// The steps of a call in which nobody ever answers.
fn walk_of_misses(script: &Script, decision: Decision, call: &Call<'_>) -> Vec<&'static str> {
    let mut walk = script.begin(decision, call);
    let mut steps = vec![walk.step.as_str()];
    while walk.step != Step::HangUp {
        walk = script.after(&walk, Leg::Missed, call);
        steps.push(walk.step.as_str());
    }
    steps
}

fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    for via in [Via::Sip, Via::Bypass, Via::Redirect] {
        for reject in [false, true] {
            for fallback in [
                Fallback::default(),
                busy_signal(reject),
                Fallback { reject, ..forward(NoAnswer::Voicemail) },
                Fallback { reject, ..forward(NoAnswer::BusySignal) },
                Fallback { reject, ..forward(NoAnswer::Ai) },
                Fallback { forward: vec![number("+12125550123")], reject, ..forward(NoAnswer::Ai) },
            ] {
                scripts.push(script(via, fallback.clone()));
                let nothing_to_dial = Script::compile(source(&tenant_id(), &connect(via), None, fallback)).0;
                scripts.push(nothing_to_dial);
            }
        }
    }
    scripts
}

fn calls() -> Vec<Call<'static>> {
    let mut calls = Vec::new();
    for arrival in [Arrival::Number, Arrival::Sip, Arrival::Vapi] {
        for from in [CALLER, "anonymous", "", "sip:front-desk@pbx.example"] {
            for account in [call().account, "ACsomebody-else"] {
                calls.push(Call { arrival, from, account, ..call() });
            }
        }
    }
    calls
}

fn decisions() -> Vec<Decision> {
    let both = |reason| [Decision::ai(reason), Decision::fallback(reason)];
    Reason::ALL.into_iter().flat_map(both).collect()
}

#[test]
fn every_walk_ends_with_each_step_walked_once() {
    for script in scripts() {
        for call in calls() {
            let mut firsts: Vec<Walk> = Vec::new();
            for decision in decisions() {
                let walk = script.begin(decision, &call);
                if !firsts.contains(&walk) {
                    follow(&script, &call, &walk, &mut HashSet::new());
                    firsts.push(walk);
                }
            }
        }
    }
}

/// Tries every outcome of every leg from here on.
fn follow(script: &Script, call: &Call<'_>, walk: &Walk, seen: &mut HashSet<&'static str>) {
    assert!(seen.insert(walk.step.as_str()), "{walk:?} comes a second time");
    assert_eq!(Walk::parse(&walk.to_string()).as_ref(), Some(walk));
    if walk.step != Step::HangUp {
        for status in STATUSES {
            let next = script.after(walk, Leg::from_status(status), call);
            assert_ne!(next.step, Step::Reject, "a call that was answered cannot be rejected");
            let answered = matches!(status, "completed" | "answered");
            assert!(!answered || next.step == Step::HangUp);
            follow(script, call, &next, seen);
        }
        if let Ok(next) = script.refer(walk, "sip:+14165550109@sip.vapi.ai", call) {
            follow(script, call, &next, seen);
        }
    }
    seen.remove(walk.step.as_str());
}

#[test]
fn a_missed_ai_leg_goes_on_to_the_fallback() {
    for (fallback, steps) in [
        (Fallback::default(), &["ai", "voicemail", "hang-up"][..]),
        (busy_signal(false), &["ai", "busy", "hang-up"]),
        (busy_signal(true), &["ai", "busy", "hang-up"]),
        (forward(NoAnswer::Voicemail), &["ai", "forward", "voicemail", "hang-up"]),
        (forward(NoAnswer::BusySignal), &["ai", "forward", "busy", "hang-up"]),
        (forward(NoAnswer::Ai), &["ai", "forward", "voicemail", "hang-up"]),
    ] {
        assert_eq!(walk_of_misses(&script(Via::Sip, fallback), ai(), &call()), steps);
    }
}

#[test]
fn a_missed_forward_goes_on_to_what_the_settings_say() {
    for (no_answer, steps) in [
        (NoAnswer::Voicemail, &["forward", "voicemail", "hang-up"][..]),
        (NoAnswer::BusySignal, &["forward", "busy", "hang-up"]),
        (NoAnswer::Ai, &["forward", "ai", "voicemail", "hang-up"]),
    ] {
        assert_eq!(walk_of_misses(&script(Via::Sip, forward(no_answer)), closed(), &call()), steps);
    }
}

#[test]
fn a_call_is_rejected_only_by_its_first_answer() {
    assert_eq!(walk_of_misses(&script(Via::Sip, busy_signal(true)), closed(), &call()), ["reject", "hang-up"]);
    assert_eq!(walk_of_misses(&script(Via::Sip, busy_signal(false)), closed(), &call()), ["busy", "hang-up"]);
    let later = Fallback { reject: true, ..forward(NoAnswer::BusySignal) };
    assert_eq!(walk_of_misses(&script(Via::Sip, later), closed(), &call()), ["forward", "busy", "hang-up"]);
}

#[test]
fn loops_and_voicemail_numbers_go_straight_to_voicemail() {
    for reason in [Reason::Loop, Reason::VoicemailNumber] {
        for fallback in [busy_signal(true), forward(NoAnswer::Ai)] {
            let walk = script(Via::Sip, fallback).begin(Decision::fallback(reason), &call());
            assert_eq!(walk, Walk::first(Step::Voicemail));
        }
    }
}

#[test]
fn a_forward_that_may_ring_nobody_is_passed_over() {
    let abroad = |no_answer| Fallback { forward: vec![number("+12125550123")], ..forward(no_answer) };
    for (no_answer, steps) in [
        (NoAnswer::Voicemail, &["voicemail", "hang-up"][..]),
        (NoAnswer::BusySignal, &["busy", "hang-up"]),
        (NoAnswer::Ai, &["ai", "voicemail", "hang-up"]),
    ] {
        assert_eq!(walk_of_misses(&script(Via::Sip, abroad(no_answer)), closed(), &call()), steps);
    }
}

#[test]
fn an_ai_that_was_just_found_to_be_away_is_not_dialled_instead_of_staff() {
    let abroad = Fallback { forward: vec![number("+12125550123")], ..forward(NoAnswer::Ai) };
    for reason in [Reason::AiUnavailable, Reason::AiFull, Reason::NotConfigured] {
        let walk = script(Via::Sip, abroad.clone()).begin(Decision::fallback(reason), &call());
        assert_eq!(walk.step, Step::Voicemail, "{reason:?}");
    }
}

#[test]
fn vapi_is_redirected_to_only_as_the_first_answer_to_a_number() {
    let script = script(Via::Redirect, forward(NoAnswer::Ai));
    assert_eq!(script.begin(ai(), &call()).step, Step::Ai);
    assert_eq!(walk_of_misses(&script, closed(), &call()), ["forward", "voicemail", "hang-up"]);
    assert_eq!(script.begin(ai(), &Call { arrival: Arrival::Sip, ..call() }).step, Step::Forward);
}

#[test]
fn without_anything_to_dial_there_is_no_ai() {
    let connect_without_uri = crate::model::Connect { sip_uri: None, ..connect(Via::Sip) };
    let (script, warnings) =
        Script::compile(source(&tenant_id(), &connect_without_uri, Some(&target()), Fallback::default()));
    assert_eq!(script.ai(), None);
    assert_eq!(script.begin(ai(), &call()).step, Step::Voicemail);
    assert_eq!(warnings[0].code, "not_configured");
    for via in [Via::Bypass, Via::Redirect] {
        let (script, warnings) = Script::compile(source(&tenant_id(), &connect(via), None, Fallback::default()));
        assert_eq!((script.ai(), warnings[0].pointer.as_str()), (None, "/target"));
    }
}

#[test]
fn a_caller_id_twilio_would_refuse_is_replaced_by_one_of_the_account() {
    let script = script(Via::Sip, forward(NoAnswer::Voicemail));
    let ours = Some(CallerId::Ours(number(OWN)));
    for (arrival, from, account, expected) in [
        (Arrival::Number, CALLER, "ACsmile", Some(CallerId::TheCallers)),
        (Arrival::Number, CALLER, "ACother", Some(CallerId::TheCallers)),
        (Arrival::Number, "anonymous", "ACsmile", ours),
        (Arrival::Number, "+266696687", "ACsmile", ours),
        (Arrival::Number, "", "ACsmile", ours),
        (Arrival::Number, "anonymous", "ACother", None),
        (Arrival::Sip, CALLER, "ACsmile", ours),
        (Arrival::Sip, "sip:+14165550177@pbx.example", "ACsmile", ours),
        (Arrival::Sip, CALLER, "ACother", None),
    ] {
        let call = Call { arrival, from, account, ..call() };
        assert_eq!(script.caller_id(&call), expected, "{from} on {account}");
        let first = script.begin(closed(), &call).step;
        assert_eq!(first == Step::Forward, expected.is_some(), "a forward nobody can be shown on is skipped");
    }
}

#[test]
fn the_ai_hands_over_under_the_rules_of_a_forward() {
    let script = script(Via::Sip, forward(NoAnswer::Voicemail));
    let with_ai = Walk::first(Step::Ai);
    for target in [
        "sip:+14165550109@sip.vapi.ai",
        "<sip:%2B14165550109@sip.vapi.ai:5060;transport=udp?x-a=b>",
        "\"Front desk\" <sips:+1-416-555-0109@h>",
        "tel:+14165550109",
        "<tel:+1-416-555-0109;ext=7>",
        "tel:%2B14165550109",
        "+14165550109",
        " +1 (416) 555.0109 ",
    ] {
        let walk = script.refer(&with_ai, target, &call()).unwrap_or_else(|fault| panic!("{target}: {}", fault.detail));
        assert_eq!(walk.step, Step::Refer(number("+14165550109")));
        assert_eq!(walk.to_string(), "refer-14165550109.a");
        assert_eq!(script.ringing(&walk), [number("+14165550109")]);
    }
    for (target, code) in [
        ("", "not_a_number"),
        ("sip:front-desk@pbx.example", "not_a_number"),
        ("tel:4165550109", "not_a_number"),
        ("sip:<script>@h", "not_a_number"),
        ("tel:", "not_a_number"),
        ("<tel:+14165550109", "not_a_number"),
        ("tel:+12125550109", "country_not_allowed"),
        ("tel:+19005550109", "premium_rate"),
        ("tel:+881612345678", "no_country"),
        ("tel:+16475550123", "loop"),
    ] {
        let fault = script.refer(&with_ai, target, &call()).expect_err(target);
        assert_eq!(fault.code, code, "{target}");
    }
    let nobody = Call { from: "anonymous", account: "ACother", ..call() };
    assert_eq!(script.refer(&with_ai, "tel:+14165550109", &nobody).expect_err("refused").code, "no_caller_id");
    let elsewhere = Walk::first(Step::Forward);
    assert_eq!(script.refer(&elsewhere, "tel:+14165550109", &call()).expect_err("refused").code, "not_with_ai");
}

#[test]
fn a_missed_transfer_goes_on_to_the_fallback_not_back_to_the_ai() {
    let script = script(Via::Sip, forward(NoAnswer::Ai));
    let with_ai = Walk::first(Step::Ai);
    let handed_over = script.refer(&with_ai, "tel:+14165550109", &call()).expect("allowed");
    let rung = script.after(&handed_over, Leg::Missed, &call());
    assert_eq!(rung.to_string(), "forward.ar");
    assert_eq!(script.after(&rung, Leg::Missed, &call()).to_string(), "voicemail.afr");
}

#[test]
fn whoever_picked_up_without_pressing_the_key_has_not_answered() {
    for (status, bridged, leg) in [
        ("completed", None, Leg::Answered),
        ("completed", Some("true"), Leg::Answered),
        ("completed", Some("false"), Leg::Missed),
        ("answered", None, Leg::Answered),
        ("no-answer", Some("false"), Leg::Missed),
        ("", None, Leg::Missed),
    ] {
        assert_eq!(Leg::from_dial(status, bridged), leg, "{status} {bridged:?}");
    }
}

#[test]
fn the_numbers_that_ring_are_those_of_the_step() {
    let script = script(Via::Sip, forward(NoAnswer::Voicemail));
    assert_eq!(script.ringing(&Walk::first(Step::Forward)), STAFF.map(number));
    for step in [Step::Ai, Step::Voicemail, Step::Busy, Step::Reject, Step::HangUp] {
        assert!(script.ringing(&Walk::first(step)).is_empty());
    }
}

#[test]
fn busy_reject_and_hang_up_end_the_call_by_themselves() {
    for (step, ends) in [
        (Step::Ai, false),
        (Step::Forward, false),
        (Step::Refer(number(CALLER)), false),
        (Step::Voicemail, false),
        (Step::Busy, true),
        (Step::Reject, true),
        (Step::HangUp, true),
    ] {
        assert_eq!(Walk::first(step).hangs_up(), ends);
    }
}

#[test]
fn a_walk_that_is_not_ours_is_not_read() {
    for text in [
        "",
        ".",
        "ai.",
        "ai.a",
        "ai.ff",
        "ai.vf",
        "ai.x",
        "ai.f.v",
        "AI",
        " ai",
        "forward.af",
        "refer",
        "refer-",
        "refer-abc",
        "refer-123456",
        "refer-+14165550109",
        "refer-14165550109.r",
        "voicemail.",
        "hang_up",
        "ai.\u{e9}",
    ] {
        assert_eq!(Walk::parse(text), None, "{text}");
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Ai),
        Just(Step::Forward),
        Just(Step::Voicemail),
        Just(Step::Busy),
        Just(Step::Reject),
        Just(Step::HangUp),
        "[0-9]{7,15}".prop_map(|digits| Step::Refer(number(&format!("+{digits}")))),
    ]
}

proptest! {
    #[test]
    fn a_walk_survives_the_url(step in any_step(), tried in 0u8..32) {
        let tried = Tried(tried & !Tried::bit(&step));
        let walk = Walk { step, tried };
        let spelled = walk.to_string();
        prop_assert!(spelled.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)));
        prop_assert_eq!(Walk::parse(&spelled), Some(walk));
    }

    #[test]
    fn what_is_read_is_spelled_alike(text in "(ai|forward|busy|refer-[0-9]{5,9}|\\PC{0,4})(\\.[afrvbx]{0,4})?") {
        if let Some(walk) = Walk::parse(&text) {
            prop_assert_eq!(walk.to_string(), text);
        }
    }

    #[test]
    fn no_transfer_target_makes_the_planner_panic(target in "(<?(tel|sip):)?\\PC{0,30}>?") {
        let script = script(Via::Sip, forward(NoAnswer::Voicemail));
        let _ = script.refer(&Walk::first(Step::Ai), &target, &call());
    }
}
