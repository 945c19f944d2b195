//! What callers hear, as people read it.

use crate::model::{Arrival, Fallback, FallbackKind, NoAnswer, Ring, Via};
use crate::routing::sample::{call, connect, forward, number, script, source, target, tenant_id};
use crate::routing::{Call, Script, ScriptSource, Step, Walk};

use super::*;

const URLS: Urls<'_> = Urls { base: "https://edge.example.com" };

/// The document with one element a line.
fn shown(document: &Bytes) -> String {
    std::str::from_utf8(document).expect("UTF-8").replace("><", ">\n<")
}

fn answered(script: &Script, step: Step) -> String {
    shown(&answer(script, &Walk::first(step), &call(), &URLS))
}

fn fluent(fallback: Fallback) -> Script {
    let (tenant, connect, target) = (tenant_id(), connect(Via::Sip), target());
    let source = source(&tenant, &connect, Some(&target), fallback);
    Script::compile(ScriptSource { language: Some("fr-CA"), voice: Some("Polly.Chantal"), ..source }).0
}

#[test]
fn the_ai_is_dialled() {
    insta::assert_snapshot!(answered(&script(Via::Sip, Fallback::default()), Step::Ai));
}

#[test]
fn the_ai_is_dialled_after_staff() {
    let script = script(Via::Sip, forward(NoAnswer::Ai));
    let walk = Walk::parse("ai.f").expect("a walk");
    insta::assert_snapshot!(shown(&answer(&script, &walk, &call(), &URLS)));
}

#[test]
fn twilio_is_sent_to_vapi() {
    insta::assert_snapshot!(answered(&script(Via::Redirect, Fallback::default()), Step::Ai));
}

#[test]
fn bypass_has_no_words_of_ours_so_the_fallback_speaks() {
    let script = script(Via::Bypass, Fallback::default());
    let fallback = answer(&script, &Walk::parse("voicemail.a").expect("a walk"), &call(), &URLS);
    assert_eq!(answered(&script, Step::Ai), shown(&fallback));
}

#[test]
fn staff_is_rung_together() {
    insta::assert_snapshot!(answered(&script(Via::Sip, forward(NoAnswer::Voicemail)), Step::Forward));
}

#[test]
fn staff_is_rung_in_turn_and_accepts_by_key() {
    let fallback = Fallback { ring: Ring::InTurn, accept_key: true, ..forward(NoAnswer::Voicemail) };
    insta::assert_snapshot!(answered(&script(Via::Sip, fallback), Step::Forward));
}

#[test]
fn staff_is_rung_for_a_call_by_sip() {
    let call = Call { arrival: Arrival::Sip, from: "sip:front-desk@pbx.example", ..call() };
    let script = script(Via::Sip, forward(NoAnswer::Voicemail));
    insta::assert_snapshot!(shown(&answer(&script, &Walk::first(Step::Forward), &call, &URLS)));
}

#[test]
fn the_ai_hands_over() {
    let script = script(Via::Sip, forward(NoAnswer::Voicemail));
    let walk = Walk::parse("refer-14165550109.a").expect("a walk");
    assert_eq!(walk.step, Step::Refer(number("+14165550109")));
    insta::assert_snapshot!(shown(&answer(&script, &walk, &call(), &URLS)));
}

#[test]
fn a_message_is_taken() {
    insta::assert_snapshot!(answered(&script(Via::Sip, Fallback::default()), Step::Voicemail));
}

#[test]
fn a_message_is_taken_and_written_down_in_the_tenants_words_and_voice() {
    let greeting = Some("Bonjour <ami> & \"voisin\", laissez un message ]]> 🦷.\0".to_owned());
    insta::assert_snapshot!(answered(
        &fluent(Fallback { greeting, transcribe: true, ..Fallback::default() }),
        Step::Voicemail
    ));
}

#[test]
fn a_greeting_of_nothing_but_blanks_and_controls_is_none() {
    let script_with =
        |greeting: &str| script(Via::Sip, Fallback { greeting: Some(greeting.to_owned()), ..Fallback::default() });
    let standard = answered(&script(Via::Sip, Fallback::default()), Step::Voicemail);
    for greeting in ["", "  \n", "\0\u{1}", " \0 "] {
        assert_eq!(answered(&script_with(greeting), Step::Voicemail), standard, "{greeting:?}");
    }
}

#[test]
fn nobody_can_come_to_the_phone() {
    let busy = Fallback { kind: FallbackKind::BusySignal, ..Fallback::default() };
    insta::assert_snapshot!(answered(&script(Via::Sip, busy), Step::Busy));
}

#[test]
fn a_true_busy_tone() {
    insta::assert_snapshot!(answered(&script(Via::Sip, Fallback::default()), Step::Reject));
}

#[test]
fn the_call_is_hung_up() {
    insta::assert_snapshot!(answered(&script(Via::Sip, Fallback::default()), Step::HangUp));
}

#[test]
fn whoever_picks_up_is_asked_for_the_key() {
    let script = script(Via::Sip, forward(NoAnswer::Voicemail));
    let walk = Walk::first(Step::Forward);
    insta::assert_snapshot!(shown(&screening(&script, &walk, Screen::Ask, &URLS)));
    assert_eq!(screening(&script, &walk, Screen::Accepted, &URLS), canned::empty());
    assert_eq!(screening(&script, &walk, Screen::Refused, &URLS), canned::hang_up());
}

#[test]
fn a_message_ends_with_a_goodbye() {
    insta::assert_snapshot!(shown(&super::answer::goodbye(&fluent(Fallback::default()))));
}

#[test]
fn the_canned_answers() {
    let all = [
        canned::empty(),
        canned::hang_up(),
        canned::reject(),
        canned::unknown_number(),
        canned::unknown_sip_name(),
        canned::trouble(),
        canned::busy(),
        canned::goodbye(),
    ];
    insta::assert_snapshot!(all.iter().map(shown).collect::<Vec<_>>().join("\n\n"));
}

#[test]
fn a_call_sid_that_could_not_travel_as_it_is_stays_here() {
    let script = script(Via::Sip, Fallback::default());
    for (sid, travels) in [("CA1234", true), ("CA.1-2_3~4", true), ("CA&x=1", false), ("CA<1>", false), ("", false)] {
        let document = answer(&script, &Walk::first(Step::Ai), &Call { sid, ..call() }, &URLS);
        assert_eq!(shown(&document).contains("x-callsid"), travels, "{sid}");
    }
}

#[test]
fn the_longest_texts_stay_within_twilios_size() {
    for letter in ["&", "<", "\r", "🦷", "x", "& "] {
        let long = letter.repeat(200_000);
        let (tenant, connect, target) = (tenant_id(), connect(Via::Sip), target());
        let fallback = Fallback { greeting: Some(long.clone()), ..forward(NoAnswer::Voicemail) };
        let source = source(&tenant, &connect, Some(&target), fallback);
        let script = Script::compile(ScriptSource { name: &long, ..source }).0;
        let ask = screening(&script, &Walk::first(Step::Forward), Screen::Ask, &URLS);
        let record = answer(&script, &Walk::first(Step::Voicemail), &call(), &URLS);
        assert!(ask.len() < 64_000 && record.len() < 64_000, "{letter:?}: {} {}", ask.len(), record.len());
    }
}
